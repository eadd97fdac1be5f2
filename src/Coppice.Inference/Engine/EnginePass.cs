using System.Runtime.InteropServices;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>
/// One pass through the model for several texts side by side: the last token of each that is being written, and pieces of prompts. Logits are computed
/// of the rows alone from which a token is drawn.
/// </summary>
internal sealed class EnginePass : IDisposable
{
    private readonly LanguageModel _model;
    private readonly KeyValueCache _cache;
    private readonly SlotTable _slots;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly List<GenerationStream> _texts = [];
    private readonly List<int> _tokens = [];
    private readonly List<CacheRun> _runs = [];

    // The rows from which a token is drawn, and the texts that they belong to.
    private readonly List<int> _rows = [];
    private readonly List<GenerationStream> _drawing = [];
    private float[] _logits = [];

    /// <summary>An empty pass.</summary>
    /// <param name="model">The model.</param>
    /// <param name="cache">The keys and values of all texts.</param>
    /// <param name="slots">Whose they are.</param>
    public EnginePass(LanguageModel model, KeyValueCache cache, SlotTable slots)
    {
        (_model, _cache, _slots) = (model, cache, slots);
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
    }

    /// <summary>The texts of the pass.</summary>
    public IReadOnlyList<GenerationStream> Texts => _texts;

    /// <summary>Adds the next tokens of a text: those of the prompt that are not cached, or the one that was drawn last.</summary>
    /// <param name="text">The text; its slot is the only one of the pass with that number.</param>
    /// <param name="most">The most tokens.</param>
    /// <returns>How many.</returns>
    public int Add(GenerationStream text, int most)
    {
        var done = _cache.LengthOf(text.Slot);
        var count = 1;
        if (done < text.Prompt.Length)
        {
            count = Math.Min(most, text.Prompt.Length - done);
            _tokens.AddRange(text.Prompt.AsSpan(done, count));
        }
        else
        {
            _tokens.Add(text.Drawn[^1]);
        }

        _texts.Add(text);
        _runs.Add(new CacheRun(text.Slot, count));
        if (done + count >= text.Prompt.Length)
        {
            _rows.Add(_tokens.Count - 1);
            _drawing.Add(text);
        }

        return count;
    }

    /// <summary>Computes the pass, draws the next token of each text that is not in the middle of its prompt, and empties the pass.</summary>
    /// <param name="drawn">Receives those texts, with what failed in drawing.</param>
    /// <returns>How many texts that were.</returns>
    public int Compute(Action<GenerationStream, Exception?> drawn)
    {
        try
        {
            _input.Set(_tape, CollectionsMarshal.AsSpan(_tokens), _cache, CollectionsMarshal.AsSpan(_runs));
            var hidden = _model.Hidden(_tape, _input);
            if (_rows.Count > 0)
            {
                if (_rows.Count < _tokens.Count) hidden = _tape.Embedding(_tape.Integers(CollectionsMarshal.AsSpan(_rows)), hidden);
                var logits = _model.Logits(_tape, hidden);
                if (_logits.Length < logits.Count) _logits = new float[logits.Count];
                logits.CopyTo(_logits.AsSpan(0, (int)logits.Count));
            }

            var row = 0;
            foreach (var run in _runs)
            {
                _slots.Extend(run.Slot, CollectionsMarshal.AsSpan(_tokens).Slice(row, run.Tokens));
                row += run.Tokens;
            }

            var errors = new Exception?[_drawing.Count];
            // Texts know nothing of each other, and with a large vocabulary a draw takes as long as a good part of the pass.
            Parallel.For(0, _drawing.Count, i => errors[i] = Draw(_drawing[i], i));
            for (var i = 0; i < errors.Length; i++) drawn(_drawing[i], errors[i]);
            return errors.Length;
        }
        finally
        {
            _tape.Reset();
            _texts.Clear();
            _tokens.Clear();
            _runs.Clear();
            _rows.Clear();
            _drawing.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();

    private Exception? Draw(GenerationStream text, int row)
    {
        var vocabulary = _model.Configuration.VocabularySize;
        try
        {
            text.Next(_logits.AsSpan(row * vocabulary, vocabulary));
            return null;
        }
        catch (Exception error)
        {
            // It is told to whoever waits for this text; the others go on.
            return error;
        }
    }
}
