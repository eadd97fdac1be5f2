using System.Runtime.InteropServices;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>
/// What a model makes of each word: the last hidden state of the token that holds the word's first letter. Sentences are read each alone, between the tokens that stand
/// around documents in training; one that is longer than the context in windows side by side.
/// </summary>
internal sealed class WordStates
{
    // Enough to keep a processor busy, few enough to stay near its caches.
    private const int BatchTokens = 4096;

    private readonly LanguageModel _model;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly List<int> _tokens = [];
    private readonly List<int> _positions = [];
    private readonly List<int> _cumulativeLengths = [0];
    private readonly List<int> _rows = [];
    private readonly List<TaggedWord> _words = [];
    private readonly List<int> _sentences = [];
    private readonly List<float[]> _batches = [];

    private WordStates(LanguageModel model, Tape tape) => (_model, _tape, _input) = (model, tape, new ModelInput(model));

    /// <summary>The words.</summary>
    public IReadOnlyList<TaggedWord> Words => _words;

    /// <summary>The number of each word's sentence.</summary>
    public IReadOnlyList<int> Sentences => _sentences;

    /// <summary>The hidden states, word by word.</summary>
    public float[] Values { get; private set; } = [];

    /// <summary>Reads sentences.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="sentences">The sentences; one of which the tokenizer makes no token is left out.</param>
    /// <param name="cancellationToken">Ends it between two sentences.</param>
    /// <exception cref="CoppiceException">There are too many words, or the model's numbers are not finite.</exception>
    public static WordStates Of(LanguageModel model, Tokenizer tokenizer, IReadOnlyList<TaggedSentence> sentences, CancellationToken cancellationToken)
    {
        if (sentences.Sum(sentence => (long)sentence.Words.Count) * model.Configuration.HiddenSize > Array.MaxLength)
            throw new CoppiceException("there are more words than fit into memory as hidden states of this model: give fewer sentences");
        using var tape = new Tape(model.Backend) { Recording = false };
        var states = new WordStates(model, tape);
        for (var i = 0; i < sentences.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            states.Add(i, sentences[i], tokenizer);
        }

        states.Flush();
        states.Values = [.. states._batches.SelectMany(batch => batch)];
        return states.Values.All(float.IsFinite) ? states : throw new CoppiceException("The model's numbers are not finite: its weights are damaged, or its training diverged.");
    }

    private void Add(int number, TaggedSentence sentence, Tokenizer tokenizer)
    {
        var encoding = tokenizer.EncodeWithOffsets(sentence.Text, addSpecialTokens: false);
        if (encoding.Ids.Count == 0) return;
        List<int> tokens = [.. encoding.Ids];
        var before = tokenizer.BeginOfText is null ? 0 : 1;
        if (tokenizer.BeginOfText is { } begin) tokens.Insert(0, begin);
        if (tokenizer.EndOfText is { } end && end != tokenizer.BeginOfText) tokens.Add(end);
        var (longest, word, token) = (_model.MaxTokens, 0, 0);
        for (var start = 0; start < tokens.Count; start += longest)
        {
            var length = Math.Min(longest, tokens.Count - start);
            if (_tokens.Count > 0 && _tokens.Count + length > BatchTokens) Flush();
            var row = _tokens.Count - start;
            for (; word < sentence.Words.Count; word++)
            {
                // The first token that ends behind the word's first letter; of a word that the tokenizer left out, the last one.
                while (token < encoding.Ids.Count - 1 && encoding.Offsets[token].End <= sentence.Words[word].Start) token++;
                if (token + before >= start + length) break;
                _rows.Add(row + token + before);
                _words.Add(sentence.Words[word]);
                _sentences.Add(number);
            }

            for (var i = 0; i < length; i++)
            {
                _tokens.Add(tokens[start + i]);
                _positions.Add(i);
            }

            _cumulativeLengths.Add(_tokens.Count);
        }
    }

    private void Flush()
    {
        if (_rows.Count > 0)
        {
            try
            {
                _input.Set(_tape, CollectionsMarshal.AsSpan(_tokens), CollectionsMarshal.AsSpan(_positions), CollectionsMarshal.AsSpan(_cumulativeLengths), training: false);
                _batches.Add(_tape.Embedding(_tape.Integers(CollectionsMarshal.AsSpan(_rows)), _model.Hidden(_tape, _input)).ToArray());
            }
            finally
            {
                _tape.Reset();
            }
        }

        _tokens.Clear();
        _positions.Clear();
        _rows.Clear();
        _cumulativeLengths.RemoveRange(1, _cumulativeLengths.Count - 1);
    }
}
