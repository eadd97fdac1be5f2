using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Coppice.Cli.Output;

/// <summary>The one JSON object that <c>--json</c> prints, with names in snake_case, on one line.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // A loss that is not a number must not keep the rest of a result from being read.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Prints a result.</summary>
    public static void Write<T>(T result) => Console.Out.WriteLine(JsonSerializer.Serialize(result, Format));
}
