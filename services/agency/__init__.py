"""Agency, the HTTP door: consumes `alerts.accepted` and `alerts.refused`, produces `alerts.incoming`.

Side effect: none but its answers over HTTP; it judges nothing, and says what intake said.
"""
