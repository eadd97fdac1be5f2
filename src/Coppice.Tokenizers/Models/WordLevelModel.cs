using System.Text;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Models;

/// <summary>Whole words: a word that isn't in the vocabulary is the unknown token.</summary>
internal sealed class WordLevelModel : TokenModel
{
    private readonly Vocabulary vocabulary;
    private readonly string unknownToken;
    private readonly int unknown;
    private readonly IReadOnlySet<int> hidden;

    /// <summary>Builds the model.</summary>
    /// <exception cref="CoppiceException">The unknown token isn't in the vocabulary.</exception>
    public WordLevelModel(Vocabulary vocabulary, string unknownToken)
        : this(vocabulary, unknownToken, new HashSet<int>())
    {
    }

    private WordLevelModel(Vocabulary vocabulary, string unknownToken, IReadOnlySet<int> hidden)
    {
        this.hidden = hidden;
        this.vocabulary = vocabulary;
        this.unknownToken = unknownToken;
        unknown = vocabulary.Find(unknownToken) ?? throw new CoppiceException($"the unknown token {Quoted.Text(unknownToken)} is not in the vocabulary");
    }

    public override IReadOnlyList<string?> Tokens => vocabulary.Tokens;

    public override int? TokenToId(string token) => vocabulary.Find(token);

    public override TokenModel Hiding(IEnumerable<int> ids) => new WordLevelModel(vocabulary, unknownToken, ids.ToHashSet());

    public override void Encode(ReadOnlySpan<char> word, TokenBuffer output)
    {
        var isKnown = vocabulary.IdsByText.TryGetValue(word, out var id) && !hidden.Contains(id);
        if (!isKnown) output.UnknownCount += CountCharacters(word);
        output.Add(isKnown ? id : unknown, output.Ranges is null ? 0 : Encoding.UTF8.GetByteCount(word));
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "WordLevel");
        vocabulary.Write(writer);
        writer.WriteString("unk_token", unknownToken);
        writer.WriteEndObject();
    }
}
