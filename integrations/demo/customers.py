"""The demo company's customers: some six hundred people and shops of ten countries."""

import unicodedata
from datetime import datetime, timedelta
from random import Random

from escalations.models import Customer, Segment

_PHILIPPINE = (
    "Maria Jose Ana Juan Angelica Mark Kristel Paolo Jasmine Ramon Lorna Edgardo Rica Jerome Liza Noel Tess Arnel"
    " Bianca Carlo Divina Erwin Gemma Rodel Fe Hazel Ariel Mylene Rommel Cherry",
    "Santos Reyes Cruz Bautista Ocampo Garcia Mendoza Torres Castillo Ramos Aquino Villanueva Dela~Cruz Salazar"
    " Manalo Pascual Domingo Soriano Navarro Mercado Tolentino Lim Chua Ilagan Panganiban Dizon Macaraeg",
)
_SINGAPOREAN = (
    "Wei~Ling Jun~Wei Mei~Hua Siti Priya Arjun Hui~Min Kai Nurul Rajesh Shu~Fen Daniel Aisha Zhi~Hao",
    "Tan Lim Lee Ng Wong Goh Chua Ong Rahman Nair Pillai Teo Koh Yeo",
)
_WESTERN = (
    "James Emily Olivia Noah Grace Liam Chloe Ethan Hannah Oliver Sarah Daniel Megan Thomas Rachel Adam Laura",
    "Walker Hughes Bennett Murphy Foster Clarke Simmons Doyle Turner Ellis Harper Nolan Price Whitfield Sutton",
)
_EMIRATI = (
    "Omar Fatima Khalid Layla Yousef Noora Hassan Mariam Imran Zainab Tariq Reem",
    "Al~Mansoori Haddad Khan Qureshi Nasser Al~Amiri Siddiqui Farouk Rahimi",
)
_MEXICAN = (
    "José María Guadalupe Juan Alejandra Luis Fernanda Carlos Ximena Miguel Daniela Jorge Valeria Raúl Mariana"
    " Rocío Héctor Paola Ernesto",
    "Hernández García Martínez López González Rodríguez Pérez Sánchez Ramírez Flores Gómez Díaz Cruz Morales Ortiz"
    " Gutiérrez Chávez Ruiz Mendoza",
)
_COLOMBIAN = (
    "Andrés Catalina Santiago Laura Camilo Natalia Felipe Juliana Sebastián Paula Esteban Diana Mauricio Carolina",
    "Rodríguez Gómez González Martínez García López Hernández Sánchez Ramírez Rojas Moreno Vargas Ospina Restrepo",
)
_SPANISH = (
    "Antonio Carmen Manuel Lucía Javier Marta Pablo Elena Sergio Cristina Álvaro Nuria Raquel Íñigo",
    "Fernández Moreno Muñoz Álvarez Romero Alonso Navarro Domínguez Vázquez Ramos Gil Serrano Molina Iglesias",
)

#: Country, language, share, given and family names, dialling code.
_COUNTRIES = [
    ("PH", "en", 46, _PHILIPPINE, "+63 9"),
    ("SG", "en", 9, _SINGAPOREAN, "+65 8"),
    ("US", "en", 8, _WESTERN, "+1 2"),
    ("AE", "en", 5, _EMIRATI, "+971 5"),
    ("GB", "en", 4, _WESTERN, "+44 7"),
    ("MX", "es", 13, _MEXICAN, "+52 5"),
    ("CO", "es", 7, _COLOMBIAN, "+57 3"),
    ("ES", "es", 4, _SPANISH, "+34 6"),
    ("PE", "es", 3, _COLOMBIAN, "+51 9"),
    ("CL", "es", 2, _MEXICAN, "+56 9"),
]
_SEGMENTS = ([Segment.CONSUMER, Segment.BUSINESS, Segment.ENTERPRISE], [76, 20, 4])
_TRADES = {
    "en": [
        "Bakery",
        "Hardware",
        "Pharmacy",
        "Books",
        "Motor Parts",
        "Coffee",
        "Textiles",
        "Travel",
        "Electronics",
    ],
    "es": ["Panadería", "Ferretería", "Farmacia", "Librería", "Refacciones", "Café", "Textiles", "Viajes"],
}
_FORMS = {"PH": "Inc.", "SG": "Pte. Ltd.", "US": "LLC", "AE": "FZE", "GB": "Ltd.", "MX": "S.A. de C.V.",
          "CO": "S.A.S.", "ES": "S.L.", "PE": "S.A.C.", "CL": "SpA"}  # fmt: skip


def sign_up(rng: Random, count: int, *, since: datetime) -> list[Customer]:
    """Create `count` customers who joined in the three years before `since`."""
    customers = [_customer(rng, number, since) for number in range(count)]
    return Customer.objects.bulk_create(customers)


def _customer(rng: Random, number: int, since: datetime) -> Customer:
    country, language, _share, names, dial = rng.choices(_COUNTRIES, [row[2] for row in _COUNTRIES])[0]
    given, family = (rng.choice(pool.split()).replace("~", " ") for pool in names)
    segment = rng.choices(*_SEGMENTS)[0]
    person = f"{given} {family}"
    if language == "es":
        person += f" {rng.choice(names[1].split()).replace('~', ' ')}"
    name = person
    if segment != Segment.CONSUMER:
        trade = rng.choice(_TRADES[language])
        name = f"{trade} {family} {_FORMS[country]}" if language == "es" else f"{family} {trade} {_FORMS[country]}"
    return Customer(
        external_id=f"C-{rng.randrange(100_000, 999_999)}{number:03d}",
        name=name,
        email=f"{_ascii(given)}.{_ascii(family)}{number}@example.{'com' if number % 3 else 'org'}",
        phone=f"{dial}{rng.randrange(10, 99)} 555 {rng.randrange(100, 999)}",
        segment=segment,
        language=language,
        country=country,
        created_at=since - timedelta(days=rng.randrange(1, 1100), seconds=rng.randrange(86_400)),
    )


def contact(rng: Random, customer: Customer) -> str:
    """Return the first name of whom one writes to: the customer, or somebody at the company."""
    if customer.segment == Segment.CONSUMER:
        return customer.name.split(" ", 1)[0]
    return somebody(rng, customer.country).split(" ", 1)[0]


def somebody(rng: Random, country: str) -> str:
    """Return a name that is usual in the country."""
    names = next(row[3] for row in _COUNTRIES if row[0] == country)
    return " ".join(rng.choice(pool.split()).replace("~", " ") for pool in names)


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "")
