//! Answers that may be used again for a while. Knows no function.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use claw_runtime::Value;

/// Answers of one function at most.
const ENTRIES: usize = 10_000;

/// Answers by arguments, with when they were given.
#[derive(Debug, Default)]
pub(super) struct Cache(HashMap<Vec<Value>, (Value, Instant)>);

impl Cache {
    pub(super) fn get(&self, args: &[Value], now: Instant, ttl: Duration) -> Option<Value> {
        let (value, at) = self.0.get(args)?;
        (now.saturating_duration_since(*at) < ttl).then(|| value.clone())
    }

    /// Makes room first by what is too old, then by everything.
    pub(super) fn put(&mut self, args: Vec<Value>, value: Value, now: Instant, ttl: Duration) {
        if self.0.len() >= ENTRIES {
            self.0.retain(|_, (_, at)| now.saturating_duration_since(*at) < ttl);
        }
        if self.0.len() >= ENTRIES {
            self.0.clear();
        }
        self.0.insert(args, (value, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_grow_old_and_are_bounded() {
        let (now, ttl) = (Instant::now(), Duration::from_secs(5));
        let mut cache = Cache::default();
        cache.put(vec![Value::Int(1)], Value::Bool(true), now, ttl);
        assert_eq!(cache.get(&[Value::Int(1)], now + Duration::from_secs(4), ttl), Some(Value::Bool(true)));
        assert_eq!(cache.get(&[Value::Int(1)], now + ttl, ttl), None);
        assert_eq!(cache.get(&[Value::Int(2)], now, ttl), None);
        for i in 0..25_000 {
            cache.put(vec![Value::Int(i)], Value::Bool(true), now, ttl);
            assert!(cache.0.len() <= ENTRIES);
        }
        assert!(cache.get(&[Value::Int(24_999)], now, ttl).is_some());
    }
}
