package dev.redoubt.app;

import tools.jackson.databind.json.JsonMapper;

/** The answers of {@code --json}. Loaded by those commands only: a mapper costs more start-up time than a sandbox. */
final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private Json() {}

    /** One line of JSON for a record, a list or a map. */
    static String of(Object value) {
        return MAPPER.writeValueAsString(value);
    }
}
