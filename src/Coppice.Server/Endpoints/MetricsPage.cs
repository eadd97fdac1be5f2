using System.Globalization;
using System.Text;
using Coppice.Inference;

namespace Coppice.Server;

/// <summary><c>GET /metrics</c>: what the engines have done and are doing, as Prometheus reads it.</summary>
internal static class MetricsPage
{
    /// <summary>The type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly (string Name, string Type, string Help, Func<EngineMetrics, long> Value)[] Numbers =
    [
        ("coppice_requests_waiting", "gauge", "Requests that wait for a place.", metrics => metrics.Waiting),
        ("coppice_requests_running", "gauge", "Texts that are being continued.", metrics => metrics.Running),
        ("coppice_requests_rejected_total", "counter", "Requests refused because too many were waiting.", metrics => metrics.Rejected),
        ("coppice_prompt_tokens_total", "counter", "Tokens of prompts.", metrics => metrics.PromptTokens),
        ("coppice_prompt_tokens_shared_total", "counter", "Tokens of prompts whose keys and values were cached.", metrics => metrics.SharedPromptTokens),
        ("coppice_generated_tokens_total", "counter", "Tokens drawn.", metrics => metrics.GeneratedTokens),
        ("coppice_passes_total", "counter", "Passes through the model.", metrics => metrics.Passes),
    ];

    /// <summary>Writes the page.</summary>
    /// <param name="models">The models.</param>
    public static string Write(IReadOnlyList<ServedModel> models)
    {
        var page = new StringBuilder();
        foreach (var (name, type, help, value) in Numbers)
        {
            Head(name, type, help);
            foreach (var model in models) Line(name, Label(model), value(model.Metrics));
        }

        Head("coppice_requests_total", "counter", "Requests that have ended, by how.");
        foreach (var model in models)
        {
            foreach (var end in Enum.GetValues<RequestEnd>()) Line("coppice_requests_total", $"{Label(model)},end=\"{end.ToString().ToLowerInvariant()}\"", model.Metrics.Finished(end));
        }

        const string Seconds = "coppice_time_to_first_token_seconds";
        Head(Seconds, "histogram", "Seconds from a request to its first token.");
        foreach (var model in models)
        {
            var (buckets, count, sum) = model.Metrics.TimeToFirstToken.Read();
            foreach (var (bound, upTo) in buckets) Line(Seconds + "_bucket", $"{Label(model)},le=\"{bound.ToString(CultureInfo.InvariantCulture)}\"", upTo);
            Line(Seconds + "_bucket", $"{Label(model)},le=\"+Inf\"", count);
            Line(Seconds + "_sum", Label(model), sum);
            Line(Seconds + "_count", Label(model), count);
        }

        return page.ToString();

        void Head(string name, string type, string help) => page.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

        void Line(string name, string labels, double value) => page.Append(name).Append('{').Append(labels).Append("} ").Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Label(ServedModel model) =>
        $"model=\"{model.Name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
