package dev.redoubt.policy.calls;

import java.util.List;

/** Calls that belong together, with the purpose they share. */
record Group(String name, String purpose, List<Rule> rules) {
    Group {
        rules = List.copyOf(rules);
    }
}
