package dev.redoubt.policy.profile;

import dev.redoubt.protocol.Profile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Makes profiles of their texts. */
public final class ProfileReader {
    /** Longer chains are nobody's wish, and a hostile directory could make one without end. */
    private static final int MOST_ANCESTORS = 8;

    /** Characters of {@link ProfileText}: what travels to the daemon beside the rest of a spec. */
    private static final int MOST_RESOLVED = 32 * 1024;

    private final Function<String, Optional<String>> beside;

    private ProfileReader(Function<String, Optional<String>> beside) {
        this.beside = beside;
    }

    /** A reader for texts that stand alone: they extend built-in profiles or none. */
    public static ProfileReader alone() {
        return new ProfileReader(_ -> Optional.empty());
    }

    /**
     * A reader for a file.
     *
     * @param beside the text of a file in the same directory, by its name; empty when there is none
     */
    public static ProfileReader withFiles(Function<String, Optional<String>> beside) {
        return new ProfileReader(beside);
    }

    /**
     * The profile that a text is, with everything that it extends.
     *
     * @param source file name, for complaints; without its ending the profile's name when the text gives none
     * @throws ProfileException with every mistake of the first document that has one
     */
    public Profile read(String source, String text) {
        Profile profile = read(source, text, List.of());
        int length = ProfileText.of(profile).length();
        if (length > MOST_RESOLVED) {
            throw new Findings(source)
                    .stop(
                            Place.START,
                            "with what it extends it has " + length + " characters; at most " + MOST_RESOLVED);
        }
        return profile;
    }

    private Profile read(String source, String text, List<String> descendants) {
        Findings findings = new Findings(source);
        Document document = DocumentReader.read(text, findings);
        List<String> chain = new ArrayList<>(descendants);
        chain.add(source);
        Profile parent =
                document.parent().map(name -> parent(name, chain, findings)).orElse(Profile.NOTHING);
        return Resolution.of(document, nameOf(source, document, findings), parent, findings);
    }

    /** A name with an ending is a file, one without is built in. */
    private Profile parent(Placed<String> name, List<String> chain, Findings findings) {
        String wanted = name.value();
        if (!isFile(wanted)) {
            return BuiltIns.find(wanted)
                    .orElseThrow(() -> findings.stop(
                            name.place(),
                            "no built-in profile is named '" + wanted + "'; "
                                    + Nearest.to(wanted, BuiltIns.NAMES)
                                            .map(nearest -> "did you mean " + nearest + "?")
                                            .orElse("there are " + String.join(", ", BuiltIns.NAMES)
                                                    + ", and files by their name with .yaml")));
        }
        if (wanted.contains("/") || wanted.indexOf('\0') >= 0) {
            throw findings.stop(name.place(), "a profile extends a file beside it, so its name has no slash");
        }
        String source = chain.getLast().substring(0, chain.getLast().lastIndexOf('/') + 1) + wanted;
        if (chain.contains(source)) {
            throw findings.stop(name.place(), "it extends itself: " + String.join(" -> ", chain) + " -> " + source);
        }
        if (chain.size() > MOST_ANCESTORS) {
            throw findings.stop(name.place(), "more than " + MOST_ANCESTORS + " profiles extend each other");
        }
        String text = beside.apply(wanted)
                .orElseThrow(() -> findings.stop(name.place(), "there is no file " + wanted + " beside it"));
        return read(source, text, chain);
    }

    /** Whether a name means a file and not a built-in profile. */
    public static boolean isFile(String name) {
        return name.contains("/") || name.endsWith(".yaml") || name.endsWith(".yml");
    }

    private static String nameOf(String source, Document document, Findings findings) {
        if (document.name().isPresent()) {
            return document.name().get().value();
        }
        String name = source.substring(source.lastIndexOf('/') + 1).replaceFirst("\\.ya?ml$", "");
        if (!Profile.isName(name)) {
            findings.add(
                    Place.START,
                    "the file name '" + name + "' cannot be the profile's name (lower case words joined by hyphens);"
                            + " give it one: name: NAME");
            return Profile.NOTHING.name();
        }
        return name;
    }
}
