//! The tensor graph: an ordered list of operations over typed values, in single-assignment form.
//!
//! Order is execution order; passes keep it or change it deliberately. Values are never reassigned, with
//! one exception that operations declare ([`Operation::writes`]): resident tensors may be written in place.
//! Everything a pass needs to know of an operation it asks the operation.

use crate::ops::{Backward, Call, Operation};
use crate::passes::fuse::Fusions;
use regimen_base::plan::Backend;
use regimen_base::program::{Attr, Attrs, Category, Few, Resident, ResidentId, Role, few};
use regimen_base::tensor::{DType, Mesh, Placement, TensorType};
use std::borrow::Cow;
use std::sync::Arc;

/// A value of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub u32);

impl Value {
    /// The id as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A tensor that lives as long as the stage.
    Resident(ResidentId),
    /// Filled by the loader or the host before the program runs: `tokens`, `labels`, …
    Input(String),
    /// Output of a node.
    Node,
}

/// What is known of a value.
#[derive(Clone, Debug)]
pub struct ValueInfo {
    /// `block.3.attn.q`
    pub name: Arc<str>,
    /// Its type.
    pub ty: TensorType,
    /// Where it comes from.
    pub source: Source,
    /// What it counts as in the memory breakdown.
    pub category: Category,
    /// Whether the loss depends on it through operations that have gradients.
    pub needs_gradient: bool,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Node {
    /// Which.
    pub op: &'static dyn Operation,
    /// Where it comes from.
    pub name: Arc<str>,
    /// Its attributes.
    pub attrs: Attrs,
    /// Operands.
    pub inputs: Few<Value>,
    /// Results.
    pub outputs: Few<Value>,
    /// The part of the model that recomputation treats as one: a transformer block.
    pub segment: Option<u32>,
}

/// Why an operation cannot be applied to its operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// Name of the operation.
    pub op: &'static str,
    /// Where in the model.
    pub name: String,
    /// What does not fit, with the shapes.
    pub message: String,
}

/// What graph building must know of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    /// CPU or GPU.
    pub backend: Backend,
    /// Threads of the host library; per-thread buffers depend on it.
    pub threads: u64,
    /// Multiprocessors of a GPU; some kernels of its libraries divide their work by them.
    pub multiprocessors: u64,
    /// Whether only operations that repeat bit for bit may be used.
    pub reproducible: bool,
    /// What is fused; nothing on a CPU, whose kernels are not.
    pub fusions: Fusions,
}

impl Traits {
    /// A CPU with so many threads.
    pub const fn cpu(threads: u64) -> Traits {
        Traits {
            backend: Backend::Cpu,
            threads,
            multiprocessors: 0,
            reproducible: true,
            fusions: Fusions::NONE,
        }
    }
}

/// An ordered list of operations over typed values.
#[derive(Clone, Debug)]
pub struct Graph {
    /// All values.
    pub values: Vec<ValueInfo>,
    /// In execution order.
    pub nodes: Vec<Node>,
    /// The stage's resident tensors; shared by all its programs.
    pub residents: Arc<Vec<Resident>>,
    /// The devices as a grid.
    pub mesh: Mesh,
    /// The device.
    pub device: Traits,
    /// Precision of activations.
    pub precision: DType,
    /// Whether dropout is active.
    pub training: bool,
    /// Key of the stage's random streams.
    pub key: i64,
    /// Values that the host reads at the end.
    pub outputs: Vec<Value>,
    scope: Vec<String>,
    /// The path that was written last, for its memory.
    written: String,
    segment: Option<u32>,
    next_site: i64,
    /// Index after the resident that was asked for last.
    asked: usize,
    resident_values: Vec<Option<Value>>,
}

impl Graph {
    /// An empty graph over these residents.
    pub fn new(residents: Arc<Vec<Resident>>, mesh: Mesh, device: Traits, precision: DType) -> Graph {
        let resident_values = vec![None; residents.len()];
        // A training program has about as many nodes as residents, and more than twice as many values. Growing would copy them all.
        Graph {
            values: Vec::with_capacity(4 * residents.len()),
            nodes: Vec::with_capacity(2 * residents.len()),
            residents,
            mesh,
            device,
            precision,
            training: false,
            key: 0,
            outputs: vec![],
            scope: vec![],
            written: String::new(),
            segment: None,
            next_site: 0,
            asked: 0,
            resident_values,
        }
    }

    /// What is known of a value.
    pub fn value(&self, value: Value) -> &ValueInfo {
        &self.values[value.index()]
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> &TensorType {
        &self.values[value.index()].ty
    }

    /// Size of a dimension, counted from the end (0 is the last).
    pub fn size_from_end(&self, value: Value, dim: usize) -> u64 {
        let shape = &self.ty(value).shape;
        shape.len().checked_sub(dim + 1).and_then(|i| shape.get(i)).copied().unwrap_or(1)
    }

    /// Runs `build` inside a named part of the model; names nest with dots.
    pub fn scoped<T>(&mut self, name: impl Into<String>, build: impl FnOnce(&mut Graph) -> T) -> T {
        self.scope.push(name.into());
        let result = build(self);
        self.scope.pop();
        result
    }

    /// Runs `build` as one part for recomputation.
    pub fn in_segment<T>(&mut self, segment: u32, build: impl FnOnce(&mut Graph) -> T) -> T {
        let outer = self.segment.replace(segment);
        let result = build(self);
        self.segment = outer;
        result
    }

    /// The value of a resident tensor.
    pub fn resident(&mut self, id: ResidentId) -> Value {
        if let Some(value) = self.resident_values[id.index()] {
            return value;
        }
        let resident = &self.residents[id.index()];
        let category = match resident.role {
            Role::Weight => Category::Weights,
            Role::Gradient => Category::Gradients,
            Role::Master | Role::Moment => Category::Optimizer,
            Role::Scalar => Category::Inputs,
            Role::Cache => Category::Cache,
        };
        let info = ValueInfo {
            name: resident.name.clone(),
            ty: resident.ty.clone(),
            source: Source::Resident(id),
            category,
            needs_gradient: resident.role == Role::Weight && !resident.frozen,
        };
        let value = self.push_value(info);
        self.resident_values[id.index()] = Some(value);
        value
    }

    /// The weight with this name.
    ///
    /// # Errors
    /// If the model listed no such weight.
    pub fn weight(&mut self, name: &str) -> Result<Value, ShapeError> {
        self.named_resident(name, Role::Weight)
    }

    /// The scalar with this name.
    ///
    /// # Errors
    /// If the stage has no such scalar.
    pub fn scalar(&mut self, name: &str) -> Result<Value, ShapeError> {
        self.named_resident(name, Role::Scalar)
    }

    /// The cache with this name.
    ///
    /// # Errors
    /// If the stage has no such cache.
    pub fn cache(&mut self, name: &str) -> Result<Value, ShapeError> {
        self.named_resident(name, Role::Cache)
    }

    fn named_resident(&mut self, name: &str, role: Role) -> Result<Value, ShapeError> {
        let same = |r: &Resident| r.role == role && *r.name == *name;
        // Models ask for their weights in the order in which they listed them: the next one is tried first.
        let next = self.residents.get(self.asked).is_some_and(same).then_some(self.asked);
        match next.or_else(|| self.residents.iter().position(same)) {
            Some(index) => {
                self.asked = index + 1;
                Ok(self.resident(ResidentId(index as u32)))
            }
            None => Err(ShapeError {
                op: "resident",
                name: self.path(""),
                message: format!("there is no {role:?} called `{name}`"),
            }),
        }
    }

    /// A tensor that the host fills; the same name gives the same value.
    pub fn input(&mut self, source: &str, ty: TensorType) -> Value {
        let same = |v: &ValueInfo| matches!(&v.source, Source::Input(name) if name == source);
        let existing = self.values.iter().position(same);
        if let Some(index) = existing {
            return Value(index as u32);
        }
        let source = Source::Input(source.to_string());
        let name = match &source {
            Source::Input(name) => name.as_str().into(),
            _ => "".into(),
        };
        self.push_value(ValueInfo { name, ty, source, category: Category::Inputs, needs_gradient: false })
    }

    /// Lets no gradient flow through a value: what comes before it does not learn from what comes after.
    pub fn stop_gradient(&mut self, value: Value) {
        self.values[value.index()].needs_gradient = false;
    }

    /// A number that distinguishes this use of randomness from all others of the stage.
    pub fn site(&mut self) -> i64 {
        self.next_site += 1;
        self.next_site
    }

    /// Appends an operation and returns its results.
    ///
    /// # Errors
    /// If the operation does not accept its operands.
    pub fn apply(
        &mut self,
        op: &'static dyn Operation,
        name: &str,
        attrs: impl Into<Attrs>,
        inputs: &[Value],
    ) -> Result<Few<Value>, ShapeError> {
        let attrs = attrs.into();
        let mut written = std::mem::take(&mut self.written);
        self.write_path(name, &mut written);
        let path: Arc<str> = written.as_str().into();
        self.written = written;
        let types = self.infer(op, &path, &attrs, inputs)?;
        let needs_gradient = inputs.iter().any(|v| self.value(*v).needs_gradient);
        let count = types.len();
        let mut outputs = Few::with_capacity(count);
        for (index, ty) in types.into_iter().enumerate() {
            let name = if index == 0 { path.clone() } else { format!("{path}.{index}").into() };
            let info = ValueInfo {
                name,
                needs_gradient: needs_gradient && ty.dtype.is_float(),
                ty,
                source: Source::Node,
                category: Category::Activations,
            };
            outputs.push(self.push_value(info));
        }
        let node = Node {
            op,
            name: path,
            attrs,
            inputs: Few::from_slice(inputs),
            outputs: outputs.clone(),
            segment: self.segment,
        };
        self.nodes.push(node);
        Ok(outputs)
    }

    /// Appends an operation with one result.
    ///
    /// # Errors
    /// If the operation does not accept its operands.
    pub fn apply1(
        &mut self,
        op: &'static dyn Operation,
        name: &str,
        attrs: impl Into<Attrs>,
        inputs: &[Value],
    ) -> Result<Value, ShapeError> {
        let outputs = self.apply(op, name, attrs, inputs)?;
        outputs.first().copied().ok_or_else(|| ShapeError {
            op: op.name(),
            name: self.path(name),
            message: "the operation has no result".into(),
        })
    }

    /// The gradients of a node's inputs, given those of its outputs.
    ///
    /// # Errors
    /// If the operation has no gradient.
    pub fn gradient(
        &mut self,
        node: &Node,
        output_gradients: &[Option<Value>],
    ) -> Result<Vec<Option<Value>>, ShapeError> {
        let mut backward = Backward { graph: self, node, output_gradients };
        node.op.gradient(&mut backward)
    }

    fn infer(
        &self,
        op: &'static dyn Operation,
        path: &str,
        attrs: &Attrs,
        inputs: &[Value],
    ) -> Result<Vec<TensorType>, ShapeError> {
        let inputs = inputs.iter().map(|v| self.ty(*v)).collect();
        let call = Call { attrs, inputs, outputs: few![] };
        let error = |message| ShapeError { op: op.name(), name: path.to_string(), message };
        let mut types = op.infer(&call).map_err(error)?;
        for axis in 0..self.mesh.axes.len() {
            let placements: Vec<Placement> = call.inputs.iter().map(|t| t.on_axis(axis)).collect();
            let placed = op.shard(&call, &placements).map_err(error)?;
            for (ty, placement) in types.iter_mut().zip(placed) {
                let mut all: Vec<Placement> = (0..axis).map(|a| ty.on_axis(a)).collect();
                all.push(placement);
                *ty = std::mem::replace(ty, TensorType::new(DType::U8, [])).placed(all);
            }
        }
        Ok(types)
    }

    fn path(&self, name: &str) -> String {
        let mut path = String::new();
        self.write_path(name, &mut path);
        path
    }

    fn write_path(&self, name: &str, path: &mut String) {
        path.clear();
        for part in self.scope.iter().map(String::as_str).chain([name]).filter(|part| !part.is_empty()) {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(part);
        }
    }

    /// Adds a value; for passes that copy nodes.
    pub fn push_value(&mut self, info: ValueInfo) -> Value {
        self.values.push(info);
        Value(self.values.len() as u32 - 1)
    }
}

/// Attributes from pairs of different names.
pub fn attrs<const N: usize>(pairs: [(&'static str, Attr); N]) -> Attrs {
    let mut pairs = Vec::from(pairs.map(|(name, value)| (name.into(), value)));
    pairs.sort_by(|(a, _), (b, _): &(Cow<str>, Attr)| a.cmp(b));
    // One allocation of the right size: a plan has tens of thousands of these lists.
    Attrs::from_sorted_store_unchecked(pairs)
}
