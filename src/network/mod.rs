//! (being written)
crate::parameters! {
    /// The table `[network]`.
    pub struct Parameters {
        /// Kind.
        kind: String = "\"community\"", "1", ["community", "erdos_renyi", "complete", "file"], A, "assumed";
        /// Mean degree.
        mean_degree: f64 = "16.0", "ties", 0.0, 1000.0, A, "assumed";
        /// Path of an edge list.
        file: String = "\"\"", "1", A, "none";
    }
}
