package dev.redoubt.node.walls.report;

import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Profile.OnDrift;
import dev.redoubt.protocol.Size;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@link Asked} as a line of JSON, for the journal. */
public final class AskedText {
    private AskedText() {}

    /** The line. The same always has the same. */
    public static String of(Asked asked) {
        Map<String, Object> tree = new TreeMap<>();
        tree.put("driver", asked.driver());
        tree.put("profile", asked.profile());
        tree.put("sharedKernelAccepted", asked.sharedKernelAccepted());
        tree.put("onDrift", asked.onDrift().toString());
        tree.put("network", asked.network().toString());
        tree.put("guestUser", asked.guestUser());
        tree.put("guestCapabilities", asked.guestCapabilities());
        tree.put("jobCapabilities", asked.jobCapabilities());
        tree.put("calls", tree(asked.calls()));
        tree.put("files", tree(asked.files()));
        tree.put("witness", asked.witness());
        tree.put("descriptors", asked.descriptors());
        tree.put("memory", asked.memory().bytes());
        tree.put("cpus", asked.cpus().millis());
        tree.put("pids", asked.pids());
        IoLimits io = asked.io();
        tree.put(
                "io",
                List.of(
                        io.readBps().orElse(0),
                        io.writeBps().orElse(0),
                        io.readIops().orElse(0),
                        io.writeIops().orElse(0)));
        tree.put(
                "rlimits",
                asked.rlimits().stream()
                        .map(limit -> List.of(limit.resource(), limit.soft(), limit.hard()))
                        .toList());
        tree.put("mounts", asked.mounts().stream().map(AskedText::tree).toList());
        tree.put("label", asked.label());
        tree.put("domain", asked.domain());
        return CanonicalJson.of(tree);
    }

    private static Map<String, Object> tree(Asked.Recorded recorded) {
        return Map.of("sha256", recorded.sha256(), "size", recorded.size());
    }

    private static Map<String, Object> tree(Asked.Mount mount) {
        return Map.of(
                "point", mount.point(),
                "type", mount.type(),
                "roots", mount.roots(),
                "options", mount.options(),
                "mayBeAbsent", mount.mayBeAbsent());
    }

    /**
     * Reads a line back.
     *
     * @throws IllegalArgumentException when it is none
     */
    public static Asked parse(String line) {
        try {
            return asked(new JsonMapper().readTree(line));
        } catch (JacksonException malformed) {
            throw new IllegalArgumentException("not what a sandbox was launched with", malformed);
        }
    }

    private static Asked asked(JsonNode tree) {
        JsonNode io = tree.required("io");
        return new Asked(
                text(tree, "driver"),
                text(tree, "profile"),
                tree.required("sharedKernelAccepted").booleanValue(),
                OnDrift.parse(text(tree, "onDrift")).orElseThrow(() -> new IllegalArgumentException("onDrift")),
                NetworkMode.parse(text(tree, "network")).orElseThrow(() -> new IllegalArgumentException("network")),
                tree.required("guestUser").intValue(),
                tree.required("guestCapabilities").longValue(),
                tree.required("jobCapabilities").longValue(),
                recorded(tree.required("calls")),
                recorded(tree.required("files")),
                tree.required("witness").intValue(),
                new TreeSet<>(list(tree.required("descriptors"), JsonNode::stringValue)),
                Size.ofBytes(tree.required("memory").longValue()),
                new Cpus(tree.required("cpus").intValue()),
                tree.required("pids").intValue(),
                new IoLimits(limit(io, 0), limit(io, 1), limit(io, 2), limit(io, 3)),
                list(
                        tree.required("rlimits"),
                        limit -> new Asked.Rlimit(
                                limit.required(0).intValue(),
                                limit.required(1).longValue(),
                                limit.required(2).longValue())),
                list(tree.required("mounts"), AskedText::mount),
                tree.path("label").asString(""), // versions before labels wrote none, and asked for none
                tree.path("domain").asString(""));
    }

    private static Asked.Recorded recorded(JsonNode tree) {
        return new Asked.Recorded(text(tree, "sha256"), tree.required("size").intValue());
    }

    private static Asked.Mount mount(JsonNode tree) {
        return new Asked.Mount(
                text(tree, "point"),
                text(tree, "type"),
                list(tree.required("roots"), JsonNode::stringValue),
                new TreeSet<>(list(tree.required("options"), JsonNode::stringValue)),
                tree.required("mayBeAbsent").booleanValue());
    }

    private static OptionalLong limit(JsonNode io, int index) {
        long value = io.required(index).longValue();
        return value == 0 ? OptionalLong.empty() : OptionalLong.of(value);
    }

    private static String text(JsonNode tree, String key) {
        return tree.required(key).stringValue();
    }

    private static <T> List<T> list(JsonNode array, Function<JsonNode, T> element) {
        return StreamSupport.stream(array.spliterator(), false).map(element).toList();
    }
}
