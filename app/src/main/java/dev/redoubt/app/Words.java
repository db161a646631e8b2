package dev.redoubt.app;

import picocli.CommandLine.Model.ArgSpec;

/** The variables that descriptions may hold; picocli fills them in for {@code --help} only. */
final class Words {
    private Words() {}

    static String filledIn(String description, ArgSpec argument) {
        Iterable<String> candidates = argument.completionCandidates();
        return description
                .replace("${DEFAULT-VALUE}", String.valueOf(argument.defaultValue()))
                .replace("${COMPLETION-CANDIDATES}", candidates == null ? "" : String.join(", ", candidates));
    }
}
