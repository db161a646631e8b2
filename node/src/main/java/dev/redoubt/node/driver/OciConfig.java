package dev.redoubt.node.driver;

import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.walls.Capability;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** Parts of a config.json (OCI runtime specification) that both runtimes are given. */
final class OciConfig {
    static final String VERSION = "1.0.2";
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private OciConfig() {}

    static String text(Map<String, Object> config) {
        return MAPPER.writeValueAsString(config);
    }

    /** The guest as first process. HOME is given, so that no runtime looks for one in a stranger's /etc/passwd. */
    static Map<String, Object> process(LaunchSpec spec, List<String> arguments, long capabilities) {
        List<String> names = Stream.of(Capability.values())
                .filter(capability -> (capabilities & capability.mask()) != 0)
                .map(capability -> "CAP_" + capability.name())
                .toList();
        Map<String, Object> process = new LinkedHashMap<>();
        process.put("terminal", false);
        process.put("user", Map.of("uid", spec.guestUid(), "gid", spec.guestGid()));
        process.put("args", arguments);
        process.put("env", List.of("HOME=/"));
        process.put("cwd", "/");
        process.put(
                "capabilities",
                Map.of(
                        "bounding", names,
                        "effective", names,
                        "inheritable", names,
                        "permitted", names,
                        "ambient", names));
        process.put("noNewPrivileges", true);
        return process;
    }

    static Map<String, Object> bind(String destination, String source) {
        return mount(destination, "bind", source, List.of("bind"));
    }

    static Map<String, Object> mount(String destination, String type, String source, List<String> options) {
        return Map.of("destination", destination, "type", type, "source", source, "options", options);
    }
}
