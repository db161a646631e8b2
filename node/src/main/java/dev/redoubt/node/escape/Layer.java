package dev.redoubt.node.escape;

import java.util.Arrays;
import java.util.List;

/** The five layers of a sandbox. The names are what {@code escape-test} prints as the wall. */
public enum Layer {
    /** Namespaces, ids, capabilities, the mount table and its masks. */
    NAMESPACES('A'),
    /** The system call filter. */
    CALLS('B'),
    /** Landlock. */
    LANDLOCK('C'),
    /** Control groups, resource limits, the disk limit. */
    LIMITS('D'),
    /** The network namespace. */
    NETWORK('E');

    private final char letter;

    Layer(char letter) {
        this.letter = letter;
    }

    public char letter() {
        return letter;
    }

    /** The layers of a word such as {@code BA}, in its order. */
    static List<Layer> ofLetters(String letters) {
        return letters.chars().mapToObj(letter -> ofLetter((char) letter)).toList();
    }

    private static Layer ofLetter(char letter) {
        return Arrays.stream(values())
                .filter(layer -> layer.letter == letter)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no layer has the letter " + letter));
    }
}
