package dev.redoubt.node.walls.report;

/**
 * Text of which no part is a stranger's to shape: printable ASCII, and of bounded length. So a name from inside paints on no
 * terminal, and every JSON library writes the report in the same bytes.
 */
final class PlainText {
    private static final int MOST = 512;

    private PlainText() {}

    /** The same where it is plain; other characters as {@code \}{@code u} with four digits, what is too long with three dots. */
    static String of(String text) {
        StringBuilder plain = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            if (plain.length() > MOST) {
                return plain.append("...").toString();
            }
            char c = text.charAt(i);
            if (c >= ' ' && c < 127) {
                plain.append(c);
            } else {
                plain.append("\\u%04x".formatted((int) c));
            }
        }
        return plain.toString();
    }
}
