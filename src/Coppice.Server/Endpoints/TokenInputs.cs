using System.Text.Json;

namespace Coppice.Server;

/// <summary>Texts in a request: one or a list, each written out or as tokens.</summary>
internal static class TokenInputs
{
    /// <summary>Reads them as tokens.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="value">Its value.</param>
    /// <param name="most">The most texts.</param>
    /// <param name="tokenize">The tokens of a text.</param>
    /// <exception cref="ApiException">They are something else, or too many.</exception>
    public static IEnumerable<int[]> Read(string name, JsonElement value, int most, Func<string, int[]> tokenize)
    {
        if (value.ValueKind != JsonValueKind.Array || IsTokens(value)) return [One(name, value, tokenize)];
        if (value.GetArrayLength() is var count && (count == 0 || count > most)) throw ApiException.BadParameter(name, $"1 to {most} texts are taken, not {count}");
        return value.EnumerateArray().Select(item => One(name, item, tokenize)).ToList();
    }

    private static int[] One(string name, JsonElement value, Func<string, int[]> tokenize)
    {
        if (value.ValueKind == JsonValueKind.String) return tokenize(JsonParameters.Text(name, value));
        if (value.ValueKind != JsonValueKind.Array || !IsTokens(value)) throw ApiException.BadParameter(name, "texts or lists of tokens are expected");
        return [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var token) ? token : throw ApiException.BadParameter(name, "a token is a whole number"))];
    }

    private static bool IsTokens(JsonElement value) => value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.Number;
}
