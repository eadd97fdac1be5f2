using System.Text.Json;
using Coppice.Inference;

namespace Coppice.Server;

/// <summary>What a text must look like: <c>response_format</c> as OpenAI's interface has it, and beside it <c>regex</c> and <c>grammar</c>.</summary>
internal static class ConstraintParameters
{
    private const string Format = "response_format";

    /// <summary>Reads it; null where nothing is demanded.</summary>
    /// <param name="parameters">The request's.</param>
    /// <exception cref="ApiException">It is malformed, or there is more than one.</exception>
    public static TextConstraint? Read(JsonParameters parameters)
    {
        TextConstraint?[] all =
        [
            parameters.Find(Format) is { } format ? ResponseFormat(format) : null,
            parameters.Text("regex") is { } regex ? TextConstraint.Regex(regex) : null,
            parameters.Text("grammar") is { } grammar ? TextConstraint.Grammar(grammar) : null,
        ];
        return all.Count(constraint => constraint is not null) <= 1
            ? all.FirstOrDefault(constraint => constraint is not null)
            : throw ApiException.BadParameter(Format, "only one of response_format, regex and grammar can be kept to");
    }

    private static TextConstraint? ResponseFormat(JsonElement format)
    {
        if (format.ValueKind != JsonValueKind.Object || !format.TryGetProperty("type", out var type)) throw ApiException.BadParameter(Format, "an object with a type is expected");
        return JsonParameters.Text(Format, type) switch
        {
            "text" => null,
            "json_object" => TextConstraint.JsonObject,
            "json_schema" => TextConstraint.JsonSchema(Schema(format)),
            var other => throw ApiException.BadParameter(Format, $"the type is text, json_object or json_schema, not '{other}'"),
        };
    }

    private static string Schema(JsonElement format) =>
        format.TryGetProperty("json_schema", out var named) && named.ValueKind == JsonValueKind.Object && named.TryGetProperty("schema", out var schema)
            ? schema.GetRawText()
            : throw ApiException.BadParameter(Format, "the type json_schema needs {\"json_schema\": {\"schema\": ...}}");
}
