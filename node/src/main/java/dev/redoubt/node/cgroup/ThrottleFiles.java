package dev.redoubt.node.cgroup;

import dev.redoubt.linux.Device;
import dev.redoubt.protocol.IoLimits;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** The four files of version 1 i/o limits: lines of {@code major:minor value}, no line where nothing is limited. */
final class ThrottleFiles {
    private ThrottleFiles() {}

    static Map<Device, IoLimits> read(GroupDirectory blkio) {
        Map<Device, Long> readBps = parse(blkio.read("blkio.throttle.read_bps_device"));
        Map<Device, Long> writeBps = parse(blkio.read("blkio.throttle.write_bps_device"));
        Map<Device, Long> readIops = parse(blkio.read("blkio.throttle.read_iops_device"));
        Map<Device, Long> writeIops = parse(blkio.read("blkio.throttle.write_iops_device"));
        Set<Device> devices = new HashSet<>(readBps.keySet());
        devices.addAll(writeBps.keySet());
        devices.addAll(readIops.keySet());
        devices.addAll(writeIops.keySet());
        Map<Device, IoLimits> limits = new HashMap<>();
        for (Device device : devices) {
            limits.put(
                    device,
                    new IoLimits(
                            of(readBps, device), of(writeBps, device), of(readIops, device), of(writeIops, device)));
        }
        return limits;
    }

    private static OptionalLong of(Map<Device, Long> values, Device device) {
        Long value = values.get(device);
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    private static Map<Device, Long> parse(String text) {
        Map<Device, Long> values = new HashMap<>();
        text.lines()
                .map(line -> line.split("[: ]", -1))
                .forEach(fields -> values.put(
                        new Device(Integer.parseInt(fields[0]), Integer.parseInt(fields[1])),
                        Long.parseLong(fields[2])));
        return values;
    }
}
