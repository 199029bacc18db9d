//! `/metrics` in the OpenMetrics text format, which Prometheus reads.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::{Problem, Service};

/// How a number behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// One metric of the runtime. No tenant's name, no person.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// Name, without the prefix `frontdesk_` and without a counter's `_total`.
    pub name: &'static str,
    /// What it counts, and its unit.
    pub help: &'static str,
    /// Counter or gauge.
    pub kind: Kind,
    /// Its numbers.
    pub values: Values,
}

/// The numbers of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    /// One.
    Single(f64),
    /// One for each value of a label.
    Labelled(&'static str, Vec<(String, f64)>),
}

/// Numbers that were read for one scrape.
#[derive(Debug)]
struct Scrape(Vec<Sample>);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for Sample { name, help, kind, values } in &self.0 {
            let metric_type = match kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
            };
            let mut metric = encoder.encode_descriptor(name, help, None, metric_type)?;
            match values {
                Values::Single(value) => write(metric, *kind, *value)?,
                Values::Labelled(label, values) => {
                    for (text, value) in values {
                        let labels = [(*label, text.as_str())];
                        write(metric.encode_family(&labels)?, *kind, *value)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn write(encoder: MetricEncoder<'_>, kind: Kind, value: f64) -> Result<(), std::fmt::Error> {
    match kind {
        Kind::Counter => ConstCounter::new(value).encode(encoder),
        Kind::Gauge => ConstGauge::new(value).encode(encoder),
    }
}

pub(super) async fn metrics<S: Service>(State(service): State<Arc<S>>) -> Response {
    // Nothing is counted twice: the registry lives for one scrape and reads the actors' counters.
    let mut registry = Registry::with_prefix("frontdesk");
    registry.register_collector(Box::new(Scrape(service.samples())));
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => {
            let detail = format!("the metrics could not be written: {error}");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail).into_response()
        }
    }
}
