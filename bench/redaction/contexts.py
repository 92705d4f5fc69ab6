"""What stands around a number: people's sentences in two languages, lines of logs, and a line of its own."""

from random import Random

PROSE = [
    "{}",
    "My card is {} and it was charged twice.",
    "Hello, I was billed on {}. Please refund.",
    "The customer called about {}, they want it blocked.",
    "please remove {} from my account asap!!",
    "Card no: {}",
    "pan={}",
    "Number: {}, name: John Doe",
    "I paid with ({}) yesterday at 14:35 for 49.99 EUR.",
    'He wrote "{}" in the chat.',
    "Tried twice:\n{}\nand it failed with error 51.",
    "Payment method {} declined on 2025-03-14.",
    "see below\n\n- {}\n- order 10-2231\n",
    "Hi team; {}; thanks",
    "can you check {}? I also have another one",
    "Mi tarjeta es {} y me cobraron dos veces.",
    "Hola, pagué con {} el 3 de mayo.",
    "El cliente indica el número {} y pide un reembolso.",
    "tarjeta: {}",
    "No funciona, uso {} desde hace años...",
    "Número de tarjeta → {}",
    "Adjunto los datos: {}. Gracias.",
    "¿Por qué rechazan {}?",
    "Cobro duplicado en {} por $ 1.250,00",
    "Ref. 4471 / {} / María López",
    "|id|value|\n|3|{}|",
]
LOGS = [
    "2025-05-16 00:00:04.500 2931 INFO payment.gateway [req-7] charge {} amount=1999 status=declined",
    "[Sun Dec 04 04:47:44 2005] [error] authorise failed: {} code 05",
    'ts=1747353604512 level=warn msg="retry" value={} attempt=3',
    "Dec 10 06:55:46 pos-17 acquirer[24200]: request {} from 10.251.73.220 port 50010",
    "20171223-22:15:29:633|Checkout|30002312|{}",
    "E/PaymentService( 1204): java.lang.IllegalArgumentException: {}",
    '17/06/09 20:10:40 DEBUG http.wire: >> "{}[\\r][\\n]"',
]


def around(rng: Random, value: str) -> tuple[str, int]:
    """Return a text that holds `value`, and where it begins."""
    template = rng.choice(PROSE if rng.random() < 0.7 else LOGS)
    before, _, after = template.partition("{}")
    return before + value + after, len(before)
