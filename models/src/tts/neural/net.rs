//! The two nets of a voice, run by rten on one thread each.

use std::sync::Arc;

use parking_lot::Mutex;
use rten::{Model, NodeId, RunOptions, ThreadPool, Value};

use super::super::TtsError;

/// A net.
pub(super) struct Net {
    model: Model,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
}

impl Net {
    /// Reads a net of the format ONNX with these inputs and outputs.
    pub(super) fn read(bytes: &[u8], inputs: &[&str], outputs: &[&str]) -> Result<Self, TtsError> {
        let failed = |error: &dyn std::fmt::Display| {
            TtsError::Engine(format!("a net of the voice cannot be read: {error}"))
        };
        let model = Model::load(bytes.to_vec()).map_err(|error| failed(&error))?;
        let ids = |names: &[&str]| -> Result<Vec<NodeId>, TtsError> {
            let id = |name: &&str| model.node_id(name).map_err(|error| failed(&error));
            names.iter().map(id).collect()
        };
        let (inputs, outputs) = (ids(inputs)?, ids(outputs)?);
        Ok(Self { model, inputs, outputs })
    }

    pub(super) fn run(&self, values: Vec<Value>, threads: &Pools) -> Result<Vec<Value>, TtsError> {
        let inputs = self.inputs.iter().copied().zip(values.into_iter().map(Into::into)).collect();
        let pool = threads.lend();
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&pool)));
        let result = self.model.run(inputs, &self.outputs, Some(options));
        threads.give_back(pool);
        result.map_err(|error| TtsError::Engine(format!("a net of the voice: {error}")))
    }
}

/// Threads for nets, one for each that runs. A pool of several threads would have one clause wait
/// for cores that another one's thread needs.
#[derive(Default)]
pub(super) struct Pools(Mutex<Vec<Arc<ThreadPool>>>);

impl Pools {
    fn lend(&self) -> Arc<ThreadPool> {
        let free = self.0.lock().pop();
        free.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1)))
    }

    fn give_back(&self, pool: Arc<ThreadPool>) {
        self.0.lock().push(pool);
    }
}

/// A row of whole numbers.
pub(super) fn row(numbers: Vec<i32>) -> Result<Value, TtsError> {
    let shape = [1, numbers.len()];
    Value::from_shape(shape, numbers)
        .map_err(|error| TtsError::Engine(format!("a tensor of the voice: {error}")))
}
