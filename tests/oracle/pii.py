"""The set on which the recall of personal data is measured: `python tests/oracle/pii.py > data/tests/pii.tsv`.

Each line: kind, format, a text, the personal data in it (several separated by `|`); kind `none` holds what only looks like some.
All of it is made up: e-mail addresses of reserved and constructed domains, telephone numbers of ranges set apart for fiction where a
country has them, card numbers and accounts computed from their checks.
"""

import itertools
import random

R = random.Random(2026)
FRAMES = ["{}", "Please write to {} before Friday.", "Contact: {}", "({})", "{}, as agreed", "Reach me at {}; thanks!", "tel/mail:\t{}\tok", "«{}»", "see {} or ask.", "Name: Ann Lee\nData: {}\nEnd"]
frames = itertools.cycle(FRAMES)


def row(kind, form, value, frame=None):
    text = (frame or next(frames)).format(value)
    print("\t".join([kind, form, text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t"), value]))


def digits(n):
    return "".join(R.choice("0123456789") for _ in range(n))


def luhn(prefix, length):
    body = prefix + digits(length - len(prefix) - 1)
    total = sum(int(d) if i % 2 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def grouped(text, sizes, by):
    out, at = [], 0
    for size in sizes:
        out.append(text[at : at + size])
        at += size
    return by.join(part for part in out if part)


def iban(country, bban):
    value = "".join(str(int(c, 36)) for c in bban + country + "00")
    return f"{country}{98 - int(value) % 97:02d}{bban}"


EMAILS = """ann.lee@example.org
a@b.co
ANN_LEE@EXAMPLE.COM
ann+news@mail.example.co.uk
o'brien@example.ie
first.middle.last@sub.domain.example.edu
x123456@students.university.example
user%tag@example.net
name-with-dash@dash-domain.example
_under@example.org
1234567890@example.com
e.x-a_m.p+le@1domain.info
ann@example.museum
ann@example.photography
müller@example.de
info@bücher.example
ivan@пример.рф
用户@例子.公司
josé.garcía@correo.example
!odd#but&legal@example.org
ann@xn--bcher-kva.example
a.very.long.name.that.somebody.really.has@a.very.long.domain.name.example.com
ann.lee@example.org.au
sales@shop.example?
noreply@10-minutes.example
ann{tag}@example.org
ann=lee@example.org
AnnLee@Example.Org
ann.lee@ex-ample.co
j@k.io""".split("\n")

PHONES = {
    "US": ["(415) 555-2671", "415-555-2671", "415.555.2671", "415 555 2671", "+1 415 555 2671", "+1 (415) 555-2671", "1-415-555-2671", "+14155552671", "+1-415-555-2671", "(415)555-2671", "1 (415) 555-2671"],
    "UK": ["020 7946 0958", "+44 20 7946 0958", "07700 900123", "(020) 7946 0958", "+44 7700 900123", "0161 496 0000", "+44 (0)20 7946 0958", "0044 20 7946 0958", "+442079460958", "01632 960 001"],
    "DE": ["030 12345678", "+49 30 12345678", "030/12345678", "(030) 123456", "0171 1234567", "+49 171 1234567", "0049 30 123456", "+49 (0)30 123456", "030 / 123 45 67", "+4930123456", "0171-1234567"],
    "FR": ["01 42 68 53 00", "+33 1 42 68 53 00", "06 12 34 56 78", "01.42.68.53.00", "+33142685300", "01-42-68-53-00", "0033 1 42 68 53 00", "+33 (0)1 42 68 53 00"],
    "ES": ["912 345 678", "+34 912 345 678", "612 34 56 78", "+34 612 345 678", "91 234 56 78"],
    "IT": ["06 1234 5678", "+39 06 1234 5678", "347 123 4567", "+39 347 1234567", "02 12345678"],
    "NL": ["020 123 4567", "+31 20 123 4567", "06-12345678", "+31 6 12345678", "(020) 123 45 67"],
    "CH": ["044 668 18 00", "+41 44 668 18 00", "079 123 45 67", "0041 44 668 18 00"],
    "IN": ["+91 98765 43210", "098765 43210", "+91-98765-43210", "022 2345 6789", "98765 43210"],
    "AU": ["(02) 9876 5432", "+61 2 9876 5432", "0412 345 678", "02 9876 5432", "+61 412 345 678"],
    "BR": ["(11) 98765-4321", "+55 11 98765-4321", "(21) 2345-6789", "11 98765-4321", "+55 (11) 98765-4321"],
    "JP": ["03-1234-5678", "090-1234-5678", "+81 3-1234-5678", "+81 90 1234 5678", "03(1234)5678"],
    "CN": ["010-12345678", "138 1234 5678", "+86 138 1234 5678", "138-1234-5678", "+86 10 1234 5678"],
    "RU": ["+7 495 123-45-67", "8 (495) 123-45-67", "+7 (495) 123-45-67", "8-495-123-45-67"],
    "PL": ["+48 22 123 45 67", "501 234 567", "22 123 45 67", "+48 501 234 567"],
    "SE": ["08-123 456 78", "070-123 45 67", "+46 70 123 45 67", "+46 8 123 456 78"],
    "KR": ["02-123-4567", "010-1234-5678", "+82 10-1234-5678", "+82 2 123 4567"],
    "MX": ["55 1234 5678", "+52 55 1234 5678", "(55) 1234 5678"],
}

NONE = """on 2024-01-31 at 10:30:45
version 10.4.2.1-beta costs 1,234,567.89
ISBN 978-3-16-148410-0 and ISBN 0-306-40615-2
a@b, @name, me@localhost
100 000 000 people in 1 000 000 towns
pages 120-125, 555 123 and 1990-2000
from 192.168.0.1 to 10.0.0.255, 127.0.0.1, 0.0.0.0 and 255.255.255.255
fe80::1, ::1, 2001:db8::1 and 12:34:56
lat 52.520008, lon 13.404954
doi:10.1000/182.2024.001 and arXiv:2112.11446
550e8400-e29b-41d4-a716-446655440000
d41d8cd98f00b204e9800998ecf8427e
order 4111111111111112 of 31.12.2023
DE88370400440532013000 is no account
000-12-3456 and 666-12-3456 and 900-12-3456
GB12 and QQ 12 34 56 C and AB 12 34 56 E
1:23.456, 3.14159265358979 and 2.718281828
ISSN 1234-5678 and EAN 4006381333931
Luke 12:34-56 and 1 Kings 8:1-11
the ratio 16:9 at 1920x1080, 60 Hz
2 + 2 = 4; 12 34 56 78; 1 2 3 4 5 6 7 8 9 10
$1,234.56 and EUR 12.345,67
2024/01/31 12:00, 31/01/2024, 01.02.2023
(1) 2 (3) 4 (5), [12] [13], §§ 433, 434
scores 21-19, 18-21, 21-15
Win32_10.0.19045.3803 and Chrome/119.0.6045.199
0x7fff5fbff8c0, 1e-10, 6.02214076e23
serial 12-3456-78, part 98-7654-3210-X
zip 12345-6789, 90210, SW1A 1AA
git@ and http://example.org/@user
std::vec::Vec, a::b::c and crate::x::y
0123456789
1234567890123456
1,2,3,4,5,6,7,8,9,10,11,12,13
1939 1945 1989 2001
4 8 15 16 23 42
id 20240131123456 in room 101-202
1.2.3.4.5 and 300.1.1.1 and 1.2.3
99 bottles, 98 bottles, 97 bottles
call 911 or 112
12345678-A is no identity
10-12 3456 7890
1 234 567 890 123
123 456 789 012 people
temperatures 12 13 14 15 16 17 18
10.5281/zenodo.1234567
table 3 4.5 6.7 8.9 10.11
7 700 000 000 and 415 000
9-5-2, 8-7-6-5-4-3-2-1
from 07 08 2019 to 09 10 2020""".split("\n")

for email in EMAILS:
    for _ in range(2):
        value = email.rstrip("?")
        row("email", "email", value, "Did you ask sales@shop.example?" if email.endswith("?") else None)

for country, numbers in PHONES.items():
    for number in numbers:
        row("phone", country, number)
        other = "".join(R.choice("23456789") if c in "456789" and i > 5 else c for i, c in enumerate(number))
        row("phone", country, other)

for _ in range(30):
    a = R.choice([x for x in range(1, 224) if x not in (10, 100, 127, 169, 172, 192, 198, 203)])
    row("ip", "IPv4", f"{a}.{R.randint(0, 255)}.{R.randint(0, 255)}.{R.randint(1, 254)}")
for _ in range(30):
    groups = ["2a" + "%02x" % R.randint(0, 255)] + ["%x" % R.randint(1, 65535) for _ in range(7)]
    cut = R.randint(0, 5)
    row("ip", "IPv6", ":".join(groups) if cut == 0 else ":".join(groups[: 1 + cut]) + "::" + groups[-1])
for text in ["8.8.8.8:53", "http://93.184.216.34/index.html", "[2606:4700:4700::1111]:443", "2606:4700:4700::/48"]:
    value = text.replace("http://", "").split("/")[0].replace("[", "").split("]")[0]
    row("ip", "with a port or path", value.split(":")[0] if value.count(":") == 1 else value, text.replace("{", ""))

for name, prefix, length, sizes in [
    ("Visa", "4", 16, (4, 4, 4, 4)), ("Mastercard", "53", 16, (4, 4, 4, 4)), ("Mastercard 2", "2223", 16, (4, 4, 4, 4)),
    ("American Express", "37", 15, (4, 6, 5)), ("Diners", "36", 14, (4, 6, 4)), ("Discover", "6011", 16, (4, 4, 4, 4)),
    ("JCB", "3530", 16, (4, 4, 4, 4)), ("UnionPay", "62", 19, (6, 13)), ("Maestro", "6759", 18, (4, 4, 4, 4, 2)),
]:
    for by in ["", " ", "-", " ", ""]:
        row("card", name, grouped(luhn(prefix, length), sizes, by))

for _ in range(24):
    area = R.choice([x for x in range(1, 900) if x != 666])
    by = R.choice(["-", "-", " "])
    row("national_id", "SSN", f"{area:03d}{by}{R.randint(1, 99):02d}{by}{R.randint(1, 9999):04d}")
for _ in range(24):
    prefix = R.choice(["AB", "CE", "HJ", "JK", "LM", "PR", "SX", "WY"])
    d = digits(6)
    by = R.choice(["", " "])
    row("national_id", "NINO", by.join([prefix, d[:2], d[2:4], d[4:], R.choice("ABCD")]))
for _ in range(12):
    number = int(digits(8))
    row("national_id", "DNI", f"{number:08d}{R.choice(['', '-'])}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}")

for country, length in [("DE", 18), ("GB", 0), ("FR", 23), ("NL", 0), ("ES", 20), ("IT", 0), ("CH", 17), ("AT", 16), ("PL", 24), ("NO", 11), ("BE", 12)]:
    for by in ["", " ", " ", ""]:
        letters = {"GB": "NWBK" + digits(14), "NL": "ABNA" + digits(10), "IT": "X" + digits(22)}
        value = iban(country, letters.get(country) or digits(length))
        row("iban", country, grouped(value, [4] * 9, by))

for text in NONE:
    print("\t".join(["none", "none", text, ""]))
