package dev.redoubt.node.cgroup;

import dev.redoubt.linux.Device;
import dev.redoubt.protocol.IoLimits;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/** Version 2 i/o limits: lines of {@code 8:0 rbps=1048576 wbps=max riops=max wiops=120}. */
final class IoMaxFile {
    private IoMaxFile() {}

    static Map<Device, IoLimits> parse(String text) {
        Map<Device, IoLimits> limits = new HashMap<>();
        text.lines()
                .map(line -> line.split("[: ]", -1))
                .forEach(fields -> limits.put(
                        new Device(Integer.parseInt(fields[0]), Integer.parseInt(fields[1])),
                        new IoLimits(
                                value(fields, "rbps="),
                                value(fields, "wbps="),
                                value(fields, "riops="),
                                value(fields, "wiops="))));
        return limits;
    }

    private static OptionalLong value(String[] fields, String key) {
        for (String field : fields) {
            if (field.startsWith(key) && !field.equals(key + "max")) {
                return OptionalLong.of(Long.parseLong(field.substring(key.length())));
            }
        }
        return OptionalLong.empty();
    }
}
