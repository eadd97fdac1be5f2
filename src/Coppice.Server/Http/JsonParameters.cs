using System.Text.Json;
using Coppice.Foundation;
using Microsoft.AspNetCore.Http;

namespace Coppice.Server;

/// <summary>The object of parameters of a request. What is read out of it is checked; what nobody asked for is an error, never ignored.</summary>
internal sealed class JsonParameters : IDisposable
{
    // What clients may tell about themselves; it has no effect anywhere.
    private static readonly string[] Remarks = ["user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"];

    private readonly JsonDocument _document;
    private readonly HashSet<string> _asked = new(Remarks, StringComparer.Ordinal);

    private JsonParameters(JsonDocument document) => _document = document;

    /// <summary>Reads the body of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="ApiException">It is no JSON object, or does not say that it is JSON.</exception>
    public static async Task<JsonParameters> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        // Asked for, since a page of another site can send everything else in its visitor's name without being asked first.
        if (!request.HasJsonContentType()) throw new ApiException(415, "The body must be JSON: send the header 'Content-Type: application/json'.", code: "not_json");
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(request.Body, new JsonDocumentOptions { MaxDepth = 32 }, cancellation).ConfigureAwait(false);
        }
        catch (JsonException error)
        {
            throw new ApiException(400, $"The body is not valid JSON: {error.Message}", code: "malformed_json");
        }

        var wrong = document.RootElement.ValueKind != JsonValueKind.Object ? "The body must be a JSON object."
            : !IsUnicode(document.RootElement) ? "The body has a text that is not valid Unicode."
            : null;
        if (wrong is null) return new JsonParameters(document);
        document.Dispose();
        throw new ApiException(400, wrong, code: "malformed_json");
    }

    /// <summary>A parameter as it is; null where it is missing or null.</summary>
    /// <param name="name">Its name.</param>
    public JsonElement? Find(string name)
    {
        _asked.Add(name);
        return _document.RootElement.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>A text; null where it is missing.</summary>
    /// <param name="name">Its name.</param>
    public string? Text(string name) => Find(name) is { } value ? Text(name, value) : null;

    /// <summary>A whole number in a range; null where it is missing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="minimum">The least.</param>
    /// <param name="maximum">The most.</param>
    public long? Whole(string name, long minimum, long maximum)
    {
        if (Find(name) is not { } value) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= minimum && number <= maximum
            ? number
            : throw ApiException.BadParameter(name, FormattableString.Invariant($"a whole number from {minimum} to {maximum} is expected, not {Shown(value)}"));
    }

    /// <summary>A number in a range; null where it is missing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="minimum">The least.</param>
    /// <param name="maximum">The most.</param>
    public double? Number(string name, double minimum, double maximum)
    {
        if (Find(name) is not { } value) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= minimum && number <= maximum
            ? number
            : throw ApiException.BadParameter(name, FormattableString.Invariant($"a number from {minimum} to {maximum} is expected, not {Shown(value)}"));
    }

    /// <summary>Yes or no; no where it is missing.</summary>
    /// <param name="name">Its name.</param>
    public bool Flag(string name) => Find(name) is { } value && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw ApiException.BadParameter(name, $"true or false is expected, not {Shown(value)}"),
    };

    /// <summary>A text or a list of texts; empty where it is missing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="most">The most texts.</param>
    public IReadOnlyList<string> Texts(string name, int most)
    {
        if (Find(name) is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Array) return [Text(name, value)];
        if (value.GetArrayLength() > most) throw ApiException.BadParameter(name, $"at most {most} are taken, not {value.GetArrayLength()}");
        return [.. value.EnumerateArray().Select(item => Text(name, item))];
    }

    /// <summary>Accepts a parameter only with the value that changes nothing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="isHarmless">Whether a value changes nothing.</param>
    public void Refuse(string name, Func<JsonElement, bool> isHarmless)
    {
        if (Find(name) is { } value && !isHarmless(value)) throw new ApiException(400, $"{name}: {Shown(value)} is not supported here", name, "unsupported_parameter");
    }

    /// <summary>Refuses parameters that nobody has asked for.</summary>
    public void RefuseOthers()
    {
        foreach (var property in _document.RootElement.EnumerateObject())
        {
            if (_asked.Contains(property.Name) || property.Value.ValueKind == JsonValueKind.Null) continue;
            throw new ApiException(400, $"There is no parameter '{property.Name}' here{NearestName.Hint(property.Name, _asked)}", property.Name, "unknown_parameter");
        }
    }

    /// <summary>A text that is a part of a parameter.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="value">The part.</param>
    public static string Text(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw ApiException.BadParameter(name, $"a text is expected, not {Shown(value)}");

    /// <inheritdoc/>
    public void Dispose() => _document.Dispose();

    /// <summary>Whether all texts and names are whole characters: half a surrogate pair can be written in JSON, and asking for it later fails.</summary>
    private static bool IsUnicode(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString() is not null,
                JsonValueKind.Array => value.EnumerateArray().All(IsUnicode),
                JsonValueKind.Object => value.EnumerateObject().All(property => property.Name is not null && IsUnicode(property.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static string Shown(JsonElement value)
    {
        const int Most = 60;
        var text = value.GetRawText();
        return text.Length <= Most ? text : text[..Most] + "...";
    }
}
