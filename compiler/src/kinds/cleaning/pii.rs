//! Personal data.

use super::{ACTIONS, StepType, action};
use crate::eval::{Stop, Value};
use crate::schema::{Field, Ty, Type, Word};
use regimen_base::cleaning::{Pii, PiiKind, Step};

/// The step.
pub static PII: StepType = StepType {
    schema: &TYPE,
    read: |_, fields| {
        let Some(Value::List(list)) = fields.get("kinds")?.map(|c| &c.value) else {
            return Err(Stop::Reported);
        };
        let asked = |kind: &PiiKind| {
            list.iter().any(|c| matches!(&c.value, Value::Word(word) if word == kind.name()))
        };
        let kinds = PiiKind::ALL.into_iter().filter(asked).collect();
        Ok(Step::Pii(Pii { action: action(fields)?, kinds }))
    },
};

static TYPE: Type = Type {
    name: "pii",
    doc: "Personal data: replaced by `<EMAIL>`, `<IP>`, …, or documents with any dropped.",
    fields: &[
        Field::with("action", Ty::Words(ACTIONS), "redact", "What is done with it."),
        Field::with(
            "kinds",
            Ty::List { of: &Ty::Words(KINDS), min: 1, max: 6 },
            "[email, ip, phone, card, national_id, iban]",
            "What is looked for: addresses of electronic mail, public addresses of the internet, telephone numbers, card numbers (checked by Luhn's rule), national identity numbers, bank accounts.",
        ),
    ],
};

const KINDS: &[Word] = &[
    Word { name: "email", doc: "`name@example.org`" },
    Word { name: "ip", doc: "public IPv4 and IPv6 addresses" },
    Word { name: "phone", doc: "international numbers, and national ones in groups" },
    Word { name: "card", doc: "13 to 19 digits that pass Luhn's rule" },
    Word { name: "national_id", doc: "social security numbers of the United States and the like" },
    Word { name: "iban", doc: "bank accounts that pass their check" },
];
