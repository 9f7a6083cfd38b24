"""Words that tie what stands beside them to one person, in English and Spanish."""

import re

#: One person, as an alert would speak of somebody who is ill or was exposed.
WHO = (
    r"(?:patient|case|victim|decedent|deceased|survivor|carrier|suspect|contact|resident|inmate|detainee|student|pupil"
    r"|teacher|nurse|doctor|physician|cook|chef|waiter|waitress|server|driver|pilot|passenger|travell?er|tourist|worker"
    r"|employee|coworker|colleague|neighbou?r|roommate|man|woman|boy|girl|child|infant|baby|toddler|newborn|teen"
    r"|teenager|adult|mother|father|mom|dad|parent|guardian|son|daughter|brother|sister|wife|husband|spouse|widow"
    r"|widower|partner|grandmother|grandfather|aunt|uncle|cousin|farmer|volunteer|donor|owner|veteran"
    r"|soldier|veterinarian"
    r"|paciente|caso|víctima|fallecid[oa]|difunt[oa]|enferm[oa]|contagiad[oa]|infectad[oa]|residente"
    r"|estudiante|alumn[oa]"
    r"|maestr[oa]|profesor[oa]?|enfermer[oa]|cociner[oa]|conductor[oa]?|pasajer[oa]|viajer[oa]|trabajador[oa]?"
    r"|emplead[oa]|vecin[oa]|hombre|mujer|niñ[oa]|menor|bebé|joven|señor|señora|señorita|madre|padre|hij[oa]|herman[oa]"
    r"|espos[oa]|viud[oa]|abuel[oa]|tí[oa]|prim[oa])"
)
#: Words that are a person by themselves: no article is needed.
_ALWAYS = r"(?:patient|victim|decedent|the deceased|paciente|víctima|fallecid[oa]|difunt[oa]|enferm[oa])"
_PRONOUN = r"(?:he|she|him|her|hers|his)"
_DETERMINER = (
    r"(?:the|an?|this|that|our|one|his|her|their|index|first|second|third|latest|confirmed|suspected|probable|infected"
    r"|exposed|hospitali[sz]ed|male|female|young|elderly|el|la|una?|este|esta|su|del|al|primer|primera|segund[oa])"
)
#: A sentence about one person, in small letters.
PERSON = re.compile(
    rf"(?<!any )(?<!each )(?<!every )\b{_ALWAYS}\b(?!s)|\b{_PRONOUN}\b|\b{_DETERMINER}\s+(?:[\w-]+\s+){{0,2}}?{WHO}\b"
    r"|\b(?:one|this|that|the) (?:person|individual|persona)\b|\b\d{1,3}[- ](?:year|month|week"
    r"|day)s?[- ]old\b|\b(?:age|aged)\s+\d{1,3}\b|\bde \d{1,3} (?:años|meses)\b|\b(?:case"
    r"|caso) (?:no\.? )?\d+\b"
    r"|\b(?:mr|mrs|ms|sr|sra|srta)\.\s|\b(?:miss|señora?|doña)\s|\bindex (?:case|patient)\b"
)
#: A sentence about being ill, exposed or dead, as it is said of one person; in small letters.
ILL = re.compile(
    r"\b(?:patient|(?<!in )case(?! of)|victim|tested positive|positive for|diagnos\w+|hospitali[sz]ed|admitted"
    r"|discharged|died|death|deceased"
    r"|infected|contracted|exposed(?! skin)|exposure(?! to (?:the )?(?:cold|wind|sun|heat))|isolate"
    r"|isolated (?:at|in|since|until|from)|(?:is|was|are|were|be) isolated|quarantin\w+|symptoms?|ill"
    r"|sick|fever|bitten"
    r"|treated|intubated|contact list|close contact"
    r"|medical record|mrn|dob|born|passed away|critical condition|tuberculosis|measles|hepatitis|mpox"
    r"|monkeypox|rabies|mumps|ebola"
    r"|anthrax|botulism|cholera|dengue|zika|meningitis|legionnaires|syphilis|gonorrh?ea|hiv|typhoid"
    r"|polio|pertussis|salmonella|listeri\w+|plague"
    r"|leprosy|malaria|mers|sars|emergency room|intensive care|ambulance|funeral|isolation"
    r"|tosferina|rubéola|sarampión|cólera|rabia|sífilis|vih|lepra|paludismo|viruela|fallecimiento"
    r"|paciente|caso|víctima|dio positivo|diagnosticad\w+|hospitalizad\w+|ingresad\w+|falleci\w+"
    r"|murió|muert[oa]|infectad\w+|contagi\w+"
    r"|expuest\w+|aislad\w+|cuarentena|síntomas?|enferm\w+|nacid[oa]|fiebre)\b"
)
#: Somebody who speaks or answers for an agency.
OFFICIAL = (
    r"(?:director|commissioner|governor|(?<!calle )mayor|sheriff|chief|secretary|minister|president"
    r"|senator|representative"
    r"|superintendent|administrator|coordinator|officer|epidemiologist|spokes(?:man|woman|person)"
    r"|manager|chair(?:man|woman|person)?"
    r"|principal|judge|captain|lieutenant|sergeant|colonel|general|professor|prof|dean|supervisor"
    r"|liaison|councill?or|congress(?:man|woman)"
    r"|directora?|alcalde(?:sa)?|gobernador[a]?|secretari[oa]|ministr[oa]|president[ea]|jef[ea]|comisionad[oa]|portavoz"
    r"|vocero|vocera|epidemiólog[oa]|coordinador[a]?|doctor[a]?|dr|dra)"
)
#: A place or service of an agency: its phones and addresses are there to be used.
AGENCY = re.compile(
    r"\b(?:department|office|clinic|hotline|line|center|centre|hospital|health|call center|pharmacy"
    r"|agency|division|bureau|laboratory"
    r"|lab|authority|district|county|city|state|desk|service|services|questions|information|report"
    r"|visit|website|press|media|public"
    r"|departamento|oficina|clínica|línea|centro|salud|agencia|laboratorio|información|preguntas|prensa)\b",
    re.IGNORECASE,
)
