package dev.redoubt.node.launch;

import dev.redoubt.node.flat.FlatWriter;
import dev.redoubt.protocol.DeviceName;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * One sandbox as the spawner is told to build it: facts only, every policy already decided. Fields and order are those of
 * native/PROTOCOL.md; the limits on counts are those of native/spec.h.
 *
 * @param label that the guest's exec enters
 */
public record LaunchSpec(
        int flags,
        int guestUid,
        int guestGid,
        long guestCapabilities,
        long boundingSet,
        int securebits,
        int layers,
        Upper upper,
        String hostname,
        List<Tmpfs> tmpfs,
        List<Bind> binds,
        List<SynthesisedFile> files,
        List<Mask> masks,
        List<Rlimit> rlimits,
        Landlock landlock,
        Filter filter,
        List<String> arguments,
        Label label) {
    public static final int READ_ONLY = 1;
    public static final int LISTENER = 2;
    /** The guest's channel is its standard input, and its standard output ends with the spawner. */
    public static final int STREAMS_ONLY = 4;
    /** Shifted by the number of the device, in the order of {@link DeviceName}: it is left out of /dev. */
    private static final int WITHOUT_DEVICE = 0x10000;

    /** Obeyed only by the test build of the spawner: the battery runs with one layer away. */
    public static final int TEST_NO_SECCOMP = 0x100;

    public static final int TEST_NO_LANDLOCK = 0x200;
    public static final int TEST_NO_PRIVILEGE_LOCK = 0x400;
    public static final int TEST_NO_LABEL = 0x800;

    /** Of native/spec.h. */
    public static final int MOST_MASKS = 256;

    static final int MOST_LABEL = 128;

    public LaunchSpec {
        tmpfs = most(16, "tmpfs mounts", tmpfs);
        binds = most(64, "mounts", binds);
        files = most(48, "synthesised files", files);
        masks = most(MOST_MASKS, "masks", masks);
        rlimits = most(16, "resource limits", rlimits);
        arguments = most(8, "arguments of the guest", arguments);
        if (layers < 1 || layers > 64) {
            throw new IllegalArgumentException(layers + " layers; an image has 1 to 64");
        }
    }

    /**
     * Of the host's mandatory access control.
     *
     * @param profile of AppArmor; empty for none
     * @param domain of SELinux, user, role and type; empty for none. Its level is the slot's ({@link SlotPlan}).
     */
    public record Label(String profile, String domain) {
        public static final Label NONE = new Label("", "");

        public Label {
            for (String part : List.of(profile, domain)) {
                if (part.length() > MOST_LABEL) {
                    throw new IllegalArgumentException(
                            "a label of " + part.length() + " characters; at most " + MOST_LABEL);
                }
            }
        }

        @Override
        public String toString() {
            return profile.isEmpty() || domain.isEmpty() ? profile + domain : profile + ", " + domain;
        }
    }

    /** The flags that leave out every device but these. */
    public static int devices(Set<DeviceName> devices) {
        int flags = 0;
        for (DeviceName device : DeviceName.values()) {
            flags |= devices.contains(device) ? 0 : WITHOUT_DEVICE << device.ordinal();
        }
        return flags;
    }

    private static <T> List<T> most(int limit, String what, List<T> list) {
        if (list.size() > limit) {
            throw new IllegalArgumentException(list.size() + " " + what + "; at most " + limit);
        }
        return List.copyOf(list);
    }

    /** Where what the sandbox writes goes. */
    public sealed interface Upper {
        /** A directory of the disk's, holding {@code u} and {@code w}: the descriptor after the layers. */
        record Directory() implements Upper {}

        /** Memory, counted against the sandbox's memory limit. */
        record Memory(long bytes, int inodes) implements Upper {}
    }

    /** A tmpfs inside. {@code mode} in octal notation's value, e.g. 01777. */
    public record Tmpfs(String path, long bytes, int inodes, int mode) {}

    /** How owners of a mounted host directory show inside. */
    public sealed interface Owners {
        /** All as nobody; read-only. */
        record Nobody() implements Owners {}

        /** One host user is one user inside; nobody else is mapped. */
        record One(int hostUid, int hostGid, int insideUid, int insideGid) implements Owners {}

        /** Canonical ids, as the layers'. */
        record Range() implements Owners {}
    }

    /** A mount; {@code descriptor} is an index into the descriptors of the launch. */
    public record Bind(int descriptor, boolean readOnly, Owners owners, String path) {}

    /** A read-only file whose content the node wrote. */
    public record SynthesisedFile(String path, byte[] content) {
        public SynthesisedFile {
            content = content.clone();
        }

        @Override
        public byte[] content() {
            return content.clone();
        }
    }

    /** Something of the image or of /proc that is covered. */
    public record Mask(String path, Cover cover, boolean mayBeAbsent) {}

    /** What a mask puts over its path; the order is that of native/spec.h, from 1. */
    public enum Cover {
        NULL,
        EMPTY,
        /** Nothing in it runs. */
        READ_ONLY,
        /** By what is there: EMPTY over a directory, NULL over anything else. */
        HIDDEN,
        /**
         * A mount of its own: it can be neither renamed nor removed, and stays as writable as it is when what is above
         * becomes read-only; made where it is missing.
         */
        PINNED,
        /** What was pinned becomes read-only; what is mounted beneath stays as it is. */
        FROZEN
    }

    /** setrlimit(2); -1 is infinity. */
    public record Rlimit(int resource, long soft, long hard) {}

    /** landlock(7): what is handled (denied unless granted) and what is granted beneath which path. */
    public record Landlock(long handledFs, long handledNet, long scoped, List<Rule> rules) {
        public record Rule(String path, long access) {}

        public Landlock {
            rules = most(256, "Landlock rules", rules);
        }
    }

    /** The seccomp program: struct sock_filter, 8 bytes each. */
    public record Filter(byte[] program) {
        public Filter {
            program = program.clone();
            if (program.length % 8 != 0 || program.length > 4096 * 8) {
                throw new IllegalArgumentException("a filter is up to 4096 instructions of 8 bytes");
            }
        }

        @Override
        public byte[] program() {
            return program.clone();
        }
    }

    /**
     * What an OCI runtime is to be run with, in a slot that was prepared for one.
     *
     * @param config its config.json; paths of the host's side are those of the builder's own tree (native/runtime.c)
     * @param program and its arguments
     * @param trees of the host, from which it runs
     * @param links symbolic ones of the host's root, from path to target
     */
    public record Bundle(String config, List<String> program, List<Tree> trees, List<Link> links) {
        static final Bundle NONE = new Bundle("", List.of(), List.of(), List.of());

        /** A directory; {@code descriptor} is an index into the descriptors of the launch. */
        public record Tree(int descriptor, String path) {}

        public record Link(String path, String target) {}

        public Bundle {
            program = most(24, "words of a runtime", program);
            trees = most(8, "directories of a runtime", trees);
            links = most(8, "links of a runtime", links);
        }

        private void write(FlatWriter out) {
            out.string(config).u32(program.size());
            program.forEach(out::string);
            out.u32(trees.size());
            trees.forEach(tree -> out.u32(tree.descriptor()).string(tree.path()));
            out.u32(links.size());
            links.forEach(link -> out.string(link.target()).string(link.path()));
        }
    }

    static void write(FlatWriter out, List<Mask> masks) {
        out.u32(masks.size());
        masks.forEach(
                mask -> out.string(mask.path()).u32((mask.cover().ordinal() + 1) | (mask.mayBeAbsent() ? 0x10 : 0)));
    }

    /**
     * This spec in binary form, to be sent again and again.
     *
     * @param more how many files of one sandbox alone will follow this spec's
     */
    public Encoded encoded(int more) {
        try (Arena arena = Arena.ofConfined()) {
            FlatWriter head = new FlatWriter(arena);
            writeHead(head, more);
            FlatWriter tail = new FlatWriter(arena);
            writeTail(tail);
            return new Encoded(
                    this,
                    head.message().toArray(ValueLayout.JAVA_BYTE),
                    tail.message().toArray(ValueLayout.JAVA_BYTE),
                    more,
                    0,
                    Bundle.NONE);
        }
    }

    /** A spec in binary form, up to its last file and from there on. Without an end of its life, until it is given one. */
    public static final class Encoded {
        private final LaunchSpec spec;
        private final byte[] head;
        private final byte[] tail;
        private final int more;
        private final int lifeSeconds;
        private final Bundle runtime;

        private Encoded(LaunchSpec spec, byte[] head, byte[] tail, int more, int lifeSeconds, Bundle runtime) {
            this.spec = spec;
            this.head = head;
            this.tail = tail;
            this.more = more;
            this.lifeSeconds = lifeSeconds;
            this.runtime = runtime;
        }

        /** The same, to be built by an OCI runtime. */
        public Encoded withBundle(Bundle other) {
            return new Encoded(spec, head, tail, more, lifeSeconds, other);
        }

        /** The same, killed by the spawner after {@code life}, up to the next whole second. */
        public Encoded withLife(Duration life) {
            return new Encoded(
                    spec,
                    head,
                    tail,
                    more,
                    Math.toIntExact(life.plusNanos(999_999_999).toSeconds()),
                    runtime);
        }

        /** What was encoded. */
        public LaunchSpec spec() {
            return spec;
        }

        void write(FlatWriter out, List<SynthesisedFile> files) {
            if (files.size() != more) {
                throw new IllegalArgumentException(files.size() + " files; " + more + " were promised");
            }
            out.raw(head);
            files.forEach(file -> out.string(file.path()).blob(file.content));
            out.raw(tail);
            out.u32(lifeSeconds);
            runtime.write(out);
        }
    }

    /** The same with more flags. */
    public LaunchSpec withFlags(int more) {
        return new LaunchSpec(
                flags | more,
                guestUid,
                guestGid,
                guestCapabilities,
                boundingSet,
                securebits,
                layers,
                upper,
                hostname,
                tmpfs,
                binds,
                files,
                masks,
                rlimits,
                landlock,
                filter,
                arguments,
                label);
    }

    /** The same with another label. */
    public LaunchSpec withLabel(Label other) {
        return new LaunchSpec(
                flags,
                guestUid,
                guestGid,
                guestCapabilities,
                boundingSet,
                securebits,
                layers,
                upper,
                hostname,
                tmpfs,
                binds,
                files,
                masks,
                rlimits,
                landlock,
                filter,
                arguments,
                other);
    }

    private void writeHead(FlatWriter out, int more) {
        out.u32(flags)
                .u32(guestUid)
                .u32(guestGid)
                .u64(guestCapabilities)
                .u64(boundingSet)
                .u32(securebits);
        out.u32(layers);
        switch (upper) {
            case Upper.Directory() -> out.u32(1).u64(0).u32(0);
            case Upper.Memory(long bytes, int inodes) -> out.u32(2).u64(bytes).u32(inodes);
        }
        out.string(hostname);
        out.u32(tmpfs.size());
        tmpfs.forEach(t -> out.string(t.path()).u64(t.bytes()).u32(t.inodes()).u32(t.mode()));
        out.u32(binds.size());
        binds.forEach(bind -> write(out, bind));
        out.u32(files.size() + more);
        files.forEach(file -> out.string(file.path()).blob(file.content));
    }

    private void writeTail(FlatWriter out) {
        write(out, masks);
        out.u32(rlimits.size());
        rlimits.forEach(limit -> out.u32(limit.resource()).u64(limit.soft()).u64(limit.hard()));
        out.u64(landlock.handledFs()).u64(landlock.handledNet()).u64(landlock.scoped());
        out.u32(landlock.rules().size());
        landlock.rules().forEach(rule -> out.string(rule.path()).u64(rule.access()));
        out.u32(filter.program.length / 8).raw(filter.program);
        out.u32(arguments.size());
        arguments.forEach(out::string);
        out.string(label.profile()).string(label.domain());
    }

    private static void write(FlatWriter out, Bind bind) {
        out.u32(bind.descriptor()).u32(bind.readOnly() ? 1 : 0);
        switch (bind.owners()) {
            case Owners.Nobody() -> out.u32(0).u32(0).u32(0).u32(0).u32(0);
            case Owners.One(int uid, int gid, int insideUid, int insideGid) ->
                out.u32(1).u32(uid).u32(gid).u32(insideUid).u32(insideGid);
            case Owners.Range() -> out.u32(2).u32(0).u32(0).u32(0).u32(0);
        }
        out.string(bind.path());
    }
}
