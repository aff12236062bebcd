//! Reads the topology: YAML with places, structure, types, meaning.
