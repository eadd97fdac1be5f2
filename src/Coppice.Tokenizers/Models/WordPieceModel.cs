using System.Text;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Models;

/// <summary>The options of a WordPiece model, named as in <c>tokenizer.json</c>.</summary>
internal sealed record WordPieceOptions
{
    /// <summary>The token for words that can't be put together.</summary>
    public string UnknownToken { get; init; } = "[UNK]";

    /// <summary>What tokens begin with that go on with a word.</summary>
    public string ContinuingPrefix { get; init; } = "##";

    /// <summary>Words with more characters are unknown.</summary>
    public int MaxCharactersPerWord { get; init; } = 100;
}

/// <summary>WordPiece as BERT applies it: again and again the longest token that the rest of the word begins with; a word with a rest that no token begins is unknown.</summary>
internal sealed class WordPieceModel : TokenModel
{
    private readonly WordPieceOptions options;
    private readonly Vocabulary vocabulary;
    private readonly int unknown;
    private readonly Lazy<(TokenTrie Trie, int Continuing)> tries;

    /// <summary>Builds the model.</summary>
    /// <exception cref="CoppiceException">The unknown token isn't in the vocabulary.</exception>
    public WordPieceModel(Vocabulary vocabulary, WordPieceOptions options)
        : this(vocabulary, options, new HashSet<int>())
    {
    }

    private WordPieceModel(Vocabulary vocabulary, WordPieceOptions options, IReadOnlySet<int> hidden)
    {
        this.vocabulary = vocabulary;
        this.options = options;
        tries = new(() => new TokenTrie(Visible(vocabulary.Tokens, hidden)) is var trie ? (trie, trie.Walk(options.ContinuingPrefix)) : default);
        unknown = vocabulary.Find(options.UnknownToken) ?? throw new CoppiceException($"the unknown token {Quoted.Text(options.UnknownToken)} is not in the vocabulary");
    }

    public override IReadOnlyList<string?> Tokens => vocabulary.Tokens;

    public override int? TokenToId(string token) => vocabulary.Find(token);

    public override TokenModel Hiding(IEnumerable<int> ids) => new WordPieceModel(vocabulary, options, ids.ToHashSet());

    public override void Encode(ReadOnlySpan<char> word, TokenBuffer output)
    {
        var before = output.Ids.Count;
        if (word.Length > options.MaxCharactersPerWord && CountCharacters(word) > options.MaxCharactersPerWord)
        {
            AddUnknown(word, output);
            return;
        }

        var (trie, continuing) = tries.Value;
        for (var start = 0; start < word.Length;)
        {
            var node = start == 0 ? TokenTrie.Root : continuing;
            var (token, end) = (TokenTrie.None, start);
            for (var i = start; i < word.Length && node != TokenTrie.None; i++)
            {
                node = trie.Child(node, word[i]);
                if (node != TokenTrie.None && trie.TokenAt(node) is >= 0 and var found) (token, end) = (found, i + 1);
            }

            if (token == TokenTrie.None)
            {
                output.TakeBack(before);
                AddUnknown(word, output);
                return;
            }

            output.Add(token, output.Ranges is null ? 0 : Encoding.UTF8.GetByteCount(word[start..end]));
            start = end;
        }
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "WordPiece");
        writer.WriteString("unk_token", options.UnknownToken);
        writer.WriteString("continuing_subword_prefix", options.ContinuingPrefix);
        writer.WriteNumber("max_input_chars_per_word", options.MaxCharactersPerWord);
        vocabulary.Write(writer);
        writer.WriteEndObject();
    }

    private void AddUnknown(ReadOnlySpan<char> word, TokenBuffer output)
    {
        output.UnknownCount += CountCharacters(word);
        output.Add(unknown, output.Ranges is null ? 0 : Encoding.UTF8.GetByteCount(word));
    }
}
