package dev.redoubt.node.walls.report;

import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Textual encoding of keys (RFC 7468). */
final class Pem {
    private static final int LINE = 64;

    private Pem() {}

    static String encoded(String label, byte[] bytes) {
        String body = Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(bytes);
        return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
    }

    /** @throws IllegalArgumentException when there is no such part */
    static byte[] decoded(String label, String text) {
        Matcher part = Pattern.compile("-----BEGIN " + label + "-----([A-Za-z0-9+/=\\s]+)-----END " + label + "-----")
                .matcher(text);
        if (!part.find()) {
            throw new IllegalArgumentException("it has no part " + label);
        }
        return Base64.getMimeDecoder().decode(part.group(1));
    }
}
