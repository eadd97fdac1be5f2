using System.Globalization;
using System.Text.Json;
using Coppice.Inference;

namespace Coppice.Server;

/// <summary>The parameters that completions and conversations have in common.</summary>
/// <param name="Options">How each text is continued; the seed is that of the first choice.</param>
/// <param name="Choices">How many texts for each prompt.</param>
/// <param name="Stream">Whether the texts are sent as they come.</param>
/// <param name="IncludeUsage">Whether the number of tokens is sent at the end of a stream.</param>
internal sealed record GenerationParameters(GenerationOptions Options, int Choices, bool Stream, bool IncludeUsage)
{
    private const int MostChoices = 16;
    private const int MostStopStrings = 16;
    private const int LongestStopString = 1000;

    /// <summary>Reads them.</summary>
    /// <param name="parameters">The request's.</param>
    /// <param name="defaults">What counts where the request doesn't say.</param>
    /// <param name="maxTokens">The most tokens a text.</param>
    /// <param name="logProbabilities">See <see cref="GenerationOptions.LogProbabilities"/>.</param>
    /// <param name="stopStrings">Strings that end a text beside the request's.</param>
    /// <exception cref="ApiException">One is out of its range.</exception>
    public static GenerationParameters Read(JsonParameters parameters, GenerationOptions defaults, int maxTokens, int? logProbabilities, IReadOnlyList<string> stopStrings)
    {
        var stops = parameters.Texts("stop", MostStopStrings);
        if (stops.Any(stop => stop.Length is 0 or > LongestStopString)) throw ApiException.BadParameter("stop", $"a text of 1 to {LongestStopString} characters is expected");
        var options = defaults with
        {
            MaxTokens = maxTokens,
            Temperature = parameters.Number("temperature", 0, 2) ?? defaults.Temperature,
            TopP = Positive("top_p", parameters.Number("top_p", 0, 1) ?? defaults.TopP),
            // Some clients say -1 for all tokens.
            TopK = (int)Math.Max(0, parameters.Whole("top_k", -1, int.MaxValue) ?? defaults.TopK),
            MinP = parameters.Number("min_p", 0, 1) ?? defaults.MinP,
            RepetitionPenalty = parameters.Number("repetition_penalty", 0.01, 100) ?? defaults.RepetitionPenalty,
            PresencePenalty = parameters.Number("presence_penalty", -2, 2) ?? 0,
            FrequencyPenalty = parameters.Number("frequency_penalty", -2, 2) ?? 0,
            LogitBias = Bias(parameters),
            LogProbabilities = logProbabilities,
            Seed = (ulong)(parameters.Whole("seed", long.MinValue, long.MaxValue) ?? Random.Shared.NextInt64()),
            StopStrings = [.. stops, .. stopStrings],
        };
        var choices = (int)(parameters.Whole("n", 1, MostChoices) ?? 1);
        var stream = parameters.Flag("stream");
        return new GenerationParameters(options, choices, stream, WantsUsage(parameters, stream));
    }

    private static double Positive(string name, double value) => value > 0 ? value : throw ApiException.BadParameter(name, "more than 0 is expected");

    private static Dictionary<int, double> Bias(JsonParameters parameters)
    {
        const string Name = "logit_bias";
        if (parameters.Find(Name) is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Object) throw ApiException.BadParameter(Name, "an object from token to number is expected");
        var bias = new Dictionary<int, double>();
        foreach (var property in value.EnumerateObject())
        {
            if (!int.TryParse(property.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var token) || property.Value.ValueKind != JsonValueKind.Number)
                throw ApiException.BadParameter(Name, "an object from token to number is expected");
            bias[token] = property.Value.GetDouble();
        }

        return bias;
    }

    private static bool WantsUsage(JsonParameters parameters, bool stream)
    {
        const string Name = "stream_options";
        if (parameters.Find(Name) is not { } value) return false;
        if (!stream) throw ApiException.BadParameter(Name, "is for streams only");
        return value.ValueKind == JsonValueKind.Object && value.TryGetProperty("include_usage", out var include) && include.ValueKind == JsonValueKind.True;
    }
}
