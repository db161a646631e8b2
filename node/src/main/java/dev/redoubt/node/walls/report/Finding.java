package dev.redoubt.node.walls.report;

import java.util.Map;
import java.util.Objects;

/**
 * One thing that was asked and what was found.
 *
 * @param of {@code sandbox}, {@code guest}, or the processes it was found at, by their numbers inside
 * @param what it is about
 */
public record Finding(String of, String what, String asked, String found, Verdict verdict, Proof proof) {
    public Finding {
        of = PlainText.of(of);
        what = PlainText.of(what);
        asked = PlainText.of(asked);
        found = PlainText.of(found);
        Objects.requireNonNull(verdict, "verdict");
        Objects.requireNonNull(proof, "proof");
    }

    Map<String, Object> tree() {
        return Map.of(
                "of", of,
                "what", what,
                "asked", asked,
                "found", found,
                "verdict", verdict.toString(),
                "proof", proof.toString());
    }

    /** In a line for people. */
    public String words() {
        return of + ", " + what + ": asked " + asked + ", found " + found + " (" + verdict + ")";
    }
}
