using System.Globalization;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Models;

/// <summary>A model's tokens: token to id and back.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> ids;
    private readonly string?[] tokens;

    /// <summary>Builds the vocabulary.</summary>
    /// <param name="entries">The tokens with their ids.</param>
    /// <exception cref="CoppiceException">A token or an id comes twice, or an id is negative or far larger than the number of tokens.</exception>
    public Vocabulary(IReadOnlyCollection<KeyValuePair<string, int>> entries)
    {
        ids = new Dictionary<string, int>(entries.Count, StringComparer.Ordinal);
        var size = 0;
        foreach (var (token, id) in entries)
        {
            CheckId(token, id, entries.Count);
            if (!ids.TryAdd(token, id)) throw new CoppiceException($"the token {Quoted.Text(token)} is in the vocabulary twice");
            size = Math.Max(size, id + 1);
        }

        tokens = new string?[size];
        foreach (var (token, id) in entries)
        {
            if (tokens[id] is { } other) throw new CoppiceException(string.Create(CultureInfo.InvariantCulture, $"the id {id} belongs to two tokens, {Quoted.Text(other)} and {Quoted.Text(token)}"));
            tokens[id] = token;
        }
    }

    /// <summary>The tokens by id; null where an id has none.</summary>
    public IReadOnlyList<string?> Tokens => tokens;

    /// <summary>Token to id.</summary>
    public IReadOnlyDictionary<string, int> Ids => ids;

    /// <summary>Token to id, looked up by a part of a text.</summary>
    public Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> IdsByText => ids.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The id of a token, or null.</summary>
    public int? Find(string token) => ids.TryGetValue(token, out var id) ? id : null;

    /// <summary>Writes the tokens with their ids as the property <c>vocab</c>.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("vocab");
        for (var id = 0; id < tokens.Length; id++)
        {
            if (tokens[id] is { } token) writer.WriteNumber(token, id);
        }

        writer.WriteEndObject();
    }

    /// <summary>Refuses an id that would make every table indexed by ids absurdly large.</summary>
    /// <exception cref="CoppiceException">The id is negative, or too large for so many tokens.</exception>
    public static void CheckId(string token, long id, int tokenCount)
    {
        var limit = 65_536 + 16L * tokenCount;
        if (id >= 0 && id < limit) return;
        throw new CoppiceException(string.Create(CultureInfo.InvariantCulture, $"the token {Quoted.Text(token)} has the id {id}; with {tokenCount} tokens ids may go from 0 to {limit - 1}"));
    }
}
