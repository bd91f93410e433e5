//! Metrics by labels, of which there are only so many.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::encoding::{EncodeLabelValue, EncodeMetric, LabelValueEncoder};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::registry::Registry;

/// So many combinations of labels one metric has. In what comes later, everything from outside is
/// counted as `other`.
const MOST: usize = 2_000;
/// The longest value of a label, in characters.
const LONGEST: usize = 200;

/// A label's value: of a closed list, or from outside.
#[derive(Clone, Debug)]
pub(super) enum Label {
    Fixed(&'static str),
    Shared(Arc<str>),
}

impl Label {
    pub(super) fn copied(text: &str) -> Label {
        Label::Shared(text.into())
    }

    fn as_str(&self) -> &str {
        match self {
            Label::Fixed(text) => text,
            Label::Shared(text) => text,
        }
    }
}

impl From<&'static str> for Label {
    fn from(text: &'static str) -> Label {
        Label::Fixed(text)
    }
}

impl From<Arc<str>> for Label {
    fn from(text: Arc<str>) -> Label {
        Label::Shared(text)
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Label) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Label {}

impl Hash for Label {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.as_str().hash(hasher);
    }
}

impl EncodeLabelValue for Label {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), fmt::Error> {
        let text = self.as_str();
        let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end);
        let shown = text.get(..end).unwrap_or_default();
        // The format knows escapes for a quote, a backslash and a new line, and none for other control characters.
        let plain: String = shown.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
        EncodeLabelValue::encode(&plain, encoder)
    }
}

type Labels<const N: usize> = [(&'static str, Label); N];

/// One metric by `N` labels.
#[derive(Clone, Debug)]
pub(super) struct Series<const N: usize, M> {
    names: [&'static str; N],
    family: Family<Labels<N>, M, fn() -> M>,
    /// About how many there are.
    count: Arc<AtomicUsize>,
}

impl<const N: usize, M> Series<N, M>
where
    M: EncodeMetric + TypedMetric + Clone + fmt::Debug + Send + Sync + 'static,
    fn() -> M: MetricConstructor<M>,
{
    pub(super) fn new(
        registry: &mut Registry,
        (name, help): (&str, &str),
        names: [&'static str; N],
        make: fn() -> M,
    ) -> Series<N, M> {
        let family = Family::new_with_constructor(make);
        registry.register(name, help, family.clone());
        Series { names, family, count: Arc::default() }
    }

    /// Does something with the metric of these labels.
    pub(super) fn with<R>(&self, labels: [Label; N], act: impl FnOnce(&M) -> R) {
        let mut names = self.names.iter();
        let labels = labels.map(|label| (names.next().copied().unwrap_or_default(), label));
        let known = self.family.get(&labels).map(|metric| metric.clone());
        if let Some(metric) = known {
            act(&metric);
        } else if self.count.fetch_add(1, Ordering::Relaxed) < MOST {
            act(&self.family.get_or_create(&labels));
        } else {
            self.count.store(MOST, Ordering::Relaxed);
            let other = labels.map(|(name, label)| match label {
                Label::Fixed(_) => (name, label),
                Label::Shared(_) => (name, Label::Fixed("other")),
            });
            act(&self.family.get_or_create(&other));
        }
    }

    /// Forgets all of them: for what is looked up anew.
    pub(super) fn clear(&self) {
        self.family.clear();
        self.count.store(0, Ordering::Relaxed);
    }
}
