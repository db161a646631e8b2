package dev.redoubt.bench;

import java.util.List;
import java.util.Map;

/**
 * What one benchmark says.
 *
 * @param at the time of its end, ISO 8601
 * @param shortRun a few samples, which prove that it works and nothing else
 * @param peers the versions of what it was compared with
 */
record Report(
        String name,
        String at,
        boolean shortRun,
        Machine machine,
        Map<String, String> peers,
        List<Result> results,
        List<Skipped> skipped) {
    Report {
        peers = Map.copyOf(peers);
        results = List.copyOf(results);
        skipped = List.copyOf(skipped);
    }
}
