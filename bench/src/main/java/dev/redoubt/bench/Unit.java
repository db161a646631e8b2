package dev.redoubt.bench;

import com.fasterxml.jackson.annotation.JsonValue;

/** What a number counts. */
enum Unit {
    MILLISECONDS("ms"),
    MICROSECONDS("us"),
    MEGABYTES("MB"),
    PER_SECOND("1/s"),
    COUNT("count");

    private final String symbol;

    Unit(String symbol) {
        this.symbol = symbol;
    }

    @JsonValue
    String symbol() {
        return symbol;
    }
}
