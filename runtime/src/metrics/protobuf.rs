//! The handful of protobuf messages that TensorBoard reads, encoded by hand.
//!
//! Field numbers are those of TensorFlow's event.proto, summary.proto and tensor.proto. Proto3 leaves out
//! fields that hold their default.

/// A message being encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message(Vec<u8>);

impl Message {
    /// The encoded bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// A varint field.
    pub fn varint(mut self, field: u32, value: u64) -> Message {
        if value != 0 {
            self.key(field, 0);
            self.raw_varint(value);
        }
        self
    }

    /// A double.
    pub fn double(mut self, field: u32, value: f64) -> Message {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A float; written even if it is zero, because it is a member of a oneof.
    pub fn float(mut self, field: u32, value: f32) -> Message {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A string or bytes.
    pub fn text(mut self, field: u32, value: &[u8]) -> Message {
        self.key(field, 2);
        self.raw_varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// A message inside this one.
    pub fn message(self, field: u32, value: &Message) -> Message {
        self.text(field, &value.0)
    }

    fn key(&mut self, field: u32, wire: u64) {
        self.raw_varint(u64::from(field) << 3 | wire);
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// `Event` with its time and step and nothing else yet.
pub fn event(wall_time: f64, step: u64) -> Message {
    Message::default().double(1, wall_time).varint(2, step)
}

/// `Event.file_version`: the first record of every file.
pub fn version(wall_time: f64) -> Message {
    event(wall_time, 0).text(3, b"brain.Event:2")
}

/// `Event.session_log` with status START: a reader forgets what other files hold from this step on.
pub fn session_start(wall_time: f64, step: u64) -> Message {
    event(wall_time, step).message(7, &Message::default().varint(1, 1))
}

/// `Event.summary` with one simple value per scalar.
pub fn scalars(wall_time: f64, step: u64, values: &[(String, f32)]) -> Message {
    let mut summary = Message::default();
    for (tag, value) in values {
        summary = summary.message(1, &Message::default().text(1, tag.as_bytes()).float(2, *value));
    }
    event(wall_time, step).message(5, &summary)
}

/// `Event.summary` with a text, as TensorBoard's text plugin reads it: a string tensor of one element.
pub fn text(wall_time: f64, step: u64, tag: &str, text: &str) -> Message {
    const DT_STRING: u64 = 7;
    let plugin = Message::default().text(1, b"text");
    let metadata = Message::default().message(1, &plugin);
    let dimension = Message::default().message(2, &Message::default().varint(1, 1));
    let tensor = Message::default().varint(1, DT_STRING).message(2, &dimension).text(8, text.as_bytes());
    let value = Message::default().text(1, tag.as_bytes()).message(8, &tensor).message(9, &metadata);
    event(wall_time, step).message(5, &Message::default().message(1, &value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_take_seven_bits_a_byte() {
        // The example of the protobuf documentation: field 1, value 150.
        assert_eq!(Message::default().varint(1, 150).bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().varint(2, u64::MAX).bytes().len(), 11);
        assert!(Message::default().varint(1, 0).bytes().is_empty());
    }

    #[test]
    fn messages_nest_by_length() {
        let inner = Message::default().text(2, b"testing");
        let expected = [0x1a, 9, 0x12, 7, b't', b'e', b's', b't', b'i', b'n', b'g'];
        assert_eq!(Message::default().message(3, &inner).bytes(), expected);
    }
}
