package dev.redoubt.policy.profile;

import dev.redoubt.protocol.CallRules;
import dev.redoubt.protocol.DeviceName;
import dev.redoubt.protocol.FileRules;
import dev.redoubt.protocol.FileRules.Access;
import dev.redoubt.protocol.InsidePath;
import dev.redoubt.protocol.Layer;
import dev.redoubt.protocol.PathPatterns;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Puts a document on top of what it extends, and finds what contradicts itself or what no wall could hold.
 *
 * <p>A value replaces the parent's. The lists of {@code filesystem}, {@code syscalls} and {@code require} add to the parent's,
 * and an entry about the same path, group or call replaces the parent's.
 */
final class Resolution {
    /** The guest's own directory, and file systems that the node fills itself. */
    private static final List<InsidePath> RESERVED = List.of(
            new InsidePath("/proc"), new InsidePath("/dev"), new InsidePath("/sys"), new InsidePath("/run/redoubt"));

    private final Document document;
    private final Profile parent;
    private final Findings findings;

    private Resolution(Document document, Profile parent, Findings findings) {
        this.document = document;
        this.parent = parent;
        this.findings = findings;
    }

    /**
     * The profile that a document is.
     *
     * @param name when the document has none
     * @throws ProfileException with all that is wrong, of {@code findings} so far too
     */
    static Profile of(Document document, String name, Profile parent, Findings findings) {
        Resolution resolution = new Resolution(document, parent, findings);
        FileRules files = resolution.files();
        CallRules calls = new CallResolution(document.calls(), parent.calls(), findings).resolve();
        resolution.usersAndRoot();
        Set<RuntimeClass> runtimes = resolution.runtimes();
        Set<DeviceName> devices = resolution.devices();
        findings.check();
        return new Profile(
                document.name().map(Placed::value).orElse(name),
                document.description().orElse(""),
                runtimes,
                resolution.requires(),
                document.users().map(Placed::value).orElse(parent.users()),
                document.root().map(Placed::value).orElse(parent.root()),
                document.network().orElse(parent.network()),
                devices,
                parent.resources().overriddenBy(document.resources()),
                files,
                calls,
                document.onDrift().orElse(parent.onDrift()));
    }

    private void usersAndRoot() {
        Profile.Users users = document.users().map(Placed::value).orElse(parent.users());
        Profile.Root root = document.root().map(Placed::value).orElse(parent.root());
        if (users == Profile.Users.SINGLE && root != Profile.Root.NONE) {
            Place place = document.root()
                    .map(Placed::place)
                    .or(() -> document.users().map(Placed::place))
                    .orElse(Place.START);
            findings.add(place, "root: " + root + " with users: single; a root job needs users: switch");
        }
    }

    private Set<RuntimeClass> runtimes() {
        document.runtimes().ifPresent(given -> {
            if (given.value().isEmpty()) {
                findings.add(given.place(), "no runtime class is left to run in");
            }
            if (given.value().contains(RuntimeClass.WASM)) {
                findings.add(given.place(), "wasm has no system calls, files or users that a profile could be about");
            }
        });
        return document.runtimes().map(Placed::value).orElse(parent.runtimes());
    }

    private Set<DeviceName> devices() {
        document.devices()
                .filter(given -> !given.value().contains(DeviceName.NULL))
                .ifPresent(given -> findings.add(
                        given.place(), "no sandbox is without /dev/null: process 1 needs it for its own streams"));
        return document.devices().map(Placed::value).orElse(parent.devices());
    }

    private Set<Layer> requires() {
        Set<Layer> all = EnumSet.noneOf(Layer.class);
        all.addAll(parent.requires());
        document.requires().ifPresent(all::addAll);
        return all;
    }

    // --- files ---

    private FileRules files() {
        boolean readOnlyRoot = document.readOnlyRoot().orElse(parent.files().readOnlyRoot());
        SortedMap<InsidePath, Access> paths = new TreeMap<>(parent.files().paths());
        document.paths().forEach((path, access) -> paths.put(path, access.value()));
        // Inherited, and pointless since this document opened the root: no mistake of its author's
        paths.entrySet()
                .removeIf(entry -> entry.getValue() == Access.WRITABLE
                        && !document.paths().containsKey(entry.getKey())
                        && !isReadOnlyAbove(entry.getKey(), readOnlyRoot, paths));
        document.paths().forEach((path, access) -> checkPath(path, access, readOnlyRoot, paths));
        paths.keySet().forEach(path -> checkCovered(path, paths));
        try {
            return new FileRules(readOnlyRoot, paths, patterns());
        } catch (IllegalArgumentException tooMany) {
            findings.add(
                    paths.isEmpty() ? Place.START : placeOf(paths.lastKey()), String.valueOf(tooMany.getMessage()));
            return FileRules.OPEN;
        }
    }

    private PathPatterns patterns() {
        SortedSet<String> all = new TreeSet<>(parent.files().patterns().hidden());
        all.addAll(document.patterns());
        return new PathPatterns(List.copyOf(all));
    }

    private void checkPath(
            InsidePath path, Placed<Access> access, boolean readOnlyRoot, SortedMap<InsidePath, Access> paths) {
        Place place = access.place();
        if (path.equals(InsidePath.ROOT)) {
            findings.add(
                    place,
                    access.value() == Access.HIDDEN
                            ? "/ cannot be hidden: nothing would be left to run"
                            : "of / says filesystem.root whether it is readonly or writable");
            return;
        }
        for (InsidePath reserved : RESERVED) {
            if (reserved.covers(path) || path.covers(reserved)) {
                findings.add(
                        place,
                        path + (reserved.covers(path) ? "" : " holds " + reserved + ", which")
                                + " is the node's own to fill and to cover, the same in every sandbox");
                return;
            }
        }
        if (access.value() == Access.WRITABLE && !isReadOnlyAbove(path, readOnlyRoot, paths)) {
            findings.add(
                    place,
                    path + " is writable as everything is; a list of what is writable makes nothing else readonly:"
                            + " say filesystem.root: readonly");
        }
    }

    private static boolean isReadOnlyAbove(InsidePath path, boolean readOnlyRoot, SortedMap<InsidePath, Access> paths) {
        return readOnlyRoot
                || paths.entrySet().stream()
                        .anyMatch(other -> other.getValue() == Access.READ_ONLY
                                && !other.getKey().equals(path)
                                && other.getKey().covers(path));
    }

    private void checkCovered(InsidePath path, SortedMap<InsidePath, Access> paths) {
        paths.forEach((other, access) -> {
            if (access == Access.HIDDEN
                    && !other.equals(InsidePath.ROOT)
                    && !other.equals(path)
                    && other.covers(path)) {
                findings.add(
                        placeOf(document.paths().containsKey(path) ? path : other),
                        path + " lies beneath " + other + ", which is hidden: nothing of it is there to be "
                                + paths.get(path));
            }
        });
    }

    private Place placeOf(InsidePath path) {
        Placed<Access> given = document.paths().get(path);
        return given == null ? Place.START : given.place();
    }
}
