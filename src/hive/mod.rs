//! Registry hives (regf): reading a whole small hive, strictly, and making a fresh one.
