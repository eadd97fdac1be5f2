using System.Text.Encodings.Web;
using System.Text.Json;

namespace Coppice.Server;

/// <summary>JSON as the interface writes it: names in snake_case, text as it is.</summary>
internal static class ApiJson
{
    /// <summary>The format.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
