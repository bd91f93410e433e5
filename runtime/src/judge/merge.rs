//! How two values of one constraint become one. Knows values only.

use crate::Value;
use crate::builtins::compare::compare;
use crate::bundle::MergeOp;

/// Merges two values; `None` where they have no order or are no sets, which the type checker rules out.
pub(super) fn merge(op: MergeOp, a: &Value, b: &Value) -> Option<Value> {
    match op {
        MergeOp::Min | MergeOp::Max => {
            let b_is_less = compare(b, a)?.is_lt();
            Some(if b_is_less == (op == MergeOp::Min) { b.clone() } else { a.clone() })
        }
        MergeOp::Intersect | MergeOp::Union => {
            let (Value::Set(a), Value::Set(b)) = (a, b) else { return None };
            let merged = match op {
                MergeOp::Intersect => a.iter().filter(|item| b.binary_search(item).is_ok()).cloned().collect(),
                _ => a.iter().chain(b.iter()).cloned().collect(),
            };
            Some(Value::set(merged))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging() {
        let int = Value::Int;
        assert_eq!(merge(MergeOp::Min, &int(3), &int(2)), Some(int(2)));
        assert_eq!(merge(MergeOp::Max, &int(3), &int(2)), Some(int(3)));
        assert_eq!(merge(MergeOp::Max, &int(2), &int(3)), Some(int(3)));
        assert_eq!(merge(MergeOp::Min, &int(1), &Value::str("a")), None);
        let set = |items: &[i64]| Value::set(items.iter().copied().map(Value::Int).collect());
        assert_eq!(merge(MergeOp::Intersect, &set(&[1, 2]), &set(&[2, 3])), Some(set(&[2])));
        assert_eq!(merge(MergeOp::Union, &set(&[1, 2]), &set(&[2, 3])), Some(set(&[1, 2, 3])));
        assert_eq!(merge(MergeOp::Union, &set(&[1]), &int(1)), None);
    }
}
