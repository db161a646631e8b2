package dev.redoubt.bench;

/** A subject that was not measured, and why. */
record Skipped(String subject, String reason) {}
