package dev.redoubt.node.image;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One challenge of a {@code WWW-Authenticate} header, RFC 9110 section 11.6.1. Scheme and names in lower case. */
record Challenge(String scheme, Map<String, String> parameters) {
    private static final String TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
    private static final Pattern PIECE = Pattern.compile("\\G[\\s,]*(?:(" + TOKEN
            + ")\\s*=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*)\"|(" + TOKEN + "))|(" + TOKEN + ")(?=[\\s,]|$))");
    private static final int MAX_LENGTH = 8_192;

    Challenge {
        parameters = Map.copyOf(parameters);
    }

    /** All challenges of a response, in order; what cannot be read ends the list. */
    static List<Challenge> parse(List<String> headers) {
        List<Challenge> challenges = new ArrayList<>();
        for (String header : headers) {
            if (header.length() <= MAX_LENGTH) {
                parse(header, challenges);
            }
        }
        return challenges;
    }

    private static void parse(String header, List<Challenge> challenges) {
        Matcher piece = PIECE.matcher(header);
        Optional<String> scheme = Optional.empty();
        Map<String, String> parameters = new HashMap<>();
        while (piece.find()) {
            if (piece.group(4) != null) {
                scheme.ifPresent(s -> challenges.add(new Challenge(s, parameters)));
                scheme = Optional.of(piece.group(4).toLowerCase(Locale.ROOT));
                parameters.clear();
            } else {
                String value = piece.group(2) != null ? piece.group(2).replaceAll("\\\\(.)", "$1") : piece.group(3);
                parameters.put(piece.group(1).toLowerCase(Locale.ROOT), value);
            }
        }
        scheme.ifPresent(s -> challenges.add(new Challenge(s, parameters)));
    }

    Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name));
    }
}
