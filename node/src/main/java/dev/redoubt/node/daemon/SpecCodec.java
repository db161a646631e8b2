package dev.redoubt.node.daemon;

import dev.redoubt.node.flat.FlatReader;
import dev.redoubt.node.flat.FlatWriter;
import dev.redoubt.policy.profile.ProfileException;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.policy.profile.ProfileText;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import dev.redoubt.protocol.TimeLimits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/** A sandbox spec on the daemon's socket. A profile travels as its text, so that one reader checks every profile. */
final class SpecCodec {
    private static final int MOST_MOUNTS = 32;
    private static final int READ_ONLY = 1;
    private static final int SHARED_KERNEL = 2;

    private SpecCodec() {}

    static void write(FlatWriter out, SandboxSpec spec) {
        out.string(spec.image()).string(profileText(spec.profile())).string(spec.hostname());
        Limits limits = spec.limits();
        out.u64(limits.memory().bytes()).u32(limits.cpus().millis()).u32(limits.pids());
        out.u64(limits.disk().bytes()).u64(limits.inodes());
        IoLimits io = limits.io();
        optional(out, io.readBps());
        optional(out, io.writeBps());
        optional(out, io.readIops());
        optional(out, io.writeIops());
        optional(out, limits.time().wall());
        optional(out, limits.time().idle());
        out.u32(spec.network().ordinal())
                .u32((spec.readOnly() ? READ_ONLY : 0) | (spec.sharedKernelAccepted() ? SHARED_KERNEL : 0))
                .u32(spec.mountUid());
        out.u32(spec.mounts().size());
        for (HostMount mount : spec.mounts()) {
            out.string(mount.source().toString()).string(mount.target()).u32(mount.readOnly() ? 1 : 0);
        }
        write(out, spec.labels());
        out.u32(spec.driver().ordinal());
    }

    static void write(FlatWriter out, Labels labels) {
        out.u32(labels.byName().size());
        labels.byName().forEach((name, value) -> out.string(name).string(value));
    }

    /** Nothing stands for the default profile, which is not worth reading each time. */
    private static String profileText(Profile profile) {
        return profile.equals(Profile.DEFAULT) ? "" : ProfileText.of(profile);
    }

    private static Profile profile(String text) {
        if (text.isEmpty()) {
            return Profile.DEFAULT;
        }
        try {
            return ProfileReader.alone().read("profile", text);
        } catch (ProfileException wrong) {
            throw new FlatReader.Malformed("a profile: " + wrong.getMessage(), 0);
        }
    }

    /** Reads a spec; an unknown mode is malformed, since both sides are the same version. */
    static SandboxSpec read(FlatReader in) {
        String image = in.string();
        Profile profile = profile(in.string());
        String hostname = in.string();
        Limits limits = new Limits(
                Size.ofBytes(in.u64()),
                new Cpus(in.u32()),
                in.u32(),
                Size.ofBytes(in.u64()),
                in.u64(),
                new IoLimits(optional(in), optional(in), optional(in), optional(in)),
                new TimeLimits(time(in), time(in)));
        NetworkMode network = NetworkMode.values()[in.count(NetworkMode.values().length - 1)];
        int flags = in.count(READ_ONLY | SHARED_KERNEL);
        int mountUid = in.u32();
        List<HostMount> mounts = new ArrayList<>();
        for (int left = in.count(MOST_MOUNTS); left > 0; left--) {
            mounts.add(new HostMount(Path.of(in.string()), in.string(), in.u32() != 0));
        }
        Labels labels = labels(in);
        Driver driver = Driver.values()[in.count(Driver.values().length - 1)];
        return new SandboxSpec(
                image,
                profile,
                limits,
                network,
                (flags & READ_ONLY) != 0,
                hostname,
                mounts,
                mountUid,
                labels,
                driver,
                (flags & SHARED_KERNEL) != 0);
    }

    static Labels labels(FlatReader in) {
        Map<String, String> labels = new TreeMap<>();
        for (int left = in.count(Labels.MOST); left > 0; left--) {
            labels.put(in.string(), in.string());
        }
        return new Labels(labels);
    }

    private static void optional(FlatWriter out, OptionalLong value) {
        out.u64(value.orElse(-1));
    }

    private static void optional(FlatWriter out, Optional<Duration> value) {
        out.u64(value.map(Duration::toMillis).orElse(-1L));
    }

    private static Optional<Duration> time(FlatReader in) {
        OptionalLong millis = optional(in);
        return millis.isPresent() ? Optional.of(Duration.ofMillis(millis.getAsLong())) : Optional.empty();
    }

    private static OptionalLong optional(FlatReader in) {
        long value = in.u64();
        return value < 0 ? OptionalLong.empty() : OptionalLong.of(value);
    }
}
