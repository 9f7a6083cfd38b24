"""Agency, the publishers' door: consumes what the rooms say of an alert, produces `alerts.incoming` and answers.

Reads `alerts.accepted`, `alerts.refused`, `broadcasts.held`, `approvals`, `broadcasts.withheld` (in live the drill's
too), writes `answers.<publisher>`. Side effect: none but answers over HTTP, and feeds that it polls. It judges nothing.
"""
