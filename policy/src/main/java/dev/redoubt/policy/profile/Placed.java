package dev.redoubt.policy.profile;

/** A value and where it was written. */
record Placed<T>(Place place, T value) {}
