package dev.redoubt.policy.profile;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** The right name that a wrong one was probably meant to be. */
public final class Nearest {
    private Nearest() {}

    /** @return the name within a third of its length in edits, at least two; none when all are farther */
    public static Optional<String> to(String wrong, Collection<String> names) {
        return names.stream()
                .filter(name -> distance(wrong, name) <= Math.max(2, name.length() / 3))
                .min(Comparator.comparingInt((String name) -> distance(wrong, name))
                        .thenComparing(name -> name));
    }

    /** Damerau's edits: insert, delete, replace, swap two neighbours. */
    static int distance(String a, String b) {
        int[][] edits = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                edits[i][j] = i == 0 || j == 0 ? i + j : cheapest(edits, a, b, i, j);
            }
        }
        return edits[a.length()][b.length()];
    }

    private static int cheapest(int[][] edits, String a, String b, int i, int j) {
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int least = Math.min(edits[i - 1][j - 1] + (same ? 0 : 1), Math.min(edits[i - 1][j], edits[i][j - 1]) + 1);
        boolean swapped = i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
        return swapped ? Math.min(least, edits[i - 2][j - 2] + 1) : least;
    }
}
