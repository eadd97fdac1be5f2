using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>
/// Continues many texts at once with one model. Requests wait in a queue; a thread of the engine's own takes as many as have room, and every pass
/// through the model computes the next token of all texts that are being written and pieces of prompts that are being read (continuous batching). A
/// text that ends makes room for the next at once. Where the model is several (<see cref="IModelVariants"/>), each request names one, and the texts of a pass are of one. Of an encoder, which continues nothing, it gives embeddings alone. Thread-safe.
/// </summary>
/// <remarks>
/// <para>A text depends on its prompt, its options and its seed: random numbers are those of its own seed by the number of the token. Other texts in a pass
/// change nothing but the last bits of the logits: a product of fewer rows than half a kernel tile (1 to 3; with 128-bit vectors 1) is summed in
/// another order than one of more rows, and so is the attention of a prompt that is read in pieces of other sizes. A token can differ only where two
/// are so close that those bits decide.</para>
/// <para>Prompt and continuation together have at most <see cref="ContextTokens"/> tokens; a text that reaches them ends with
/// <see cref="FinishReason.Length"/>.</para>
/// </remarks>
[Technique("continuous-batching", Title = "Orca: A Distributed Serving System for Transformer-Based Generative Models", Paper = "usenix:osdi22-yu")]
[Technique("chunked-prefill", Title = "Sarathi-Serve: Taming Throughput-Latency Tradeoff in LLM Inference", Paper = "arXiv:2403.02310")]
public sealed class InferenceEngine : IDisposable
{
    private readonly LanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly TextBoundaries _boundaries;
    private readonly ConstraintCache _constraints;
    private readonly EngineOptions _options;
    private readonly RequestQueue _queue;
    private readonly KeyValueCache _cache;
    private readonly SlotTable _slots;
    private readonly EnginePass _pass;
    private readonly TextEmbedder _embedder;
    private readonly IModelVariants? _variants;
    private readonly List<GenerationStream> _running = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private readonly List<IDisposable> _owned = [];
    private long _passes;
    private int _disposed;

    /// <summary>Starts an engine.</summary>
    /// <param name="model">The model. Until the engine is disposed, nobody else may compute with it or its backend; it is not disposed with the engine.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="options">What the engine may take; null for the defaults.</param>
    /// <param name="metrics">Where it counts; null for an object of its own.</param>
    /// <param name="variants">What makes the model several; null for the model alone. Nobody else may switch it; it is not disposed of with the engine.</param>
    /// <exception cref="CoppiceException">Model and tokenizer don't belong together, or the memory is too little for one text.</exception>
    public InferenceEngine(LanguageModel model, Tokenizer tokenizer, EngineOptions? options = null, EngineMetrics? metrics = null, IModelVariants? variants = null)
    {
        (_model, _tokenizer, _options, _variants) = (model, tokenizer, options ?? new EngineOptions(), variants);
        _options.Check();
        _boundaries = new TextBoundaries(model, tokenizer);
        _constraints = new ConstraintCache(tokenizer, _boundaries);
        Metrics = metrics ?? new EngineMetrics();
        _queue = new RequestQueue(_options.MaxQueue);
        var size = CacheSize.Of(model, variants, _options.ContextTokens);
        _cache = model.Configuration.IsCausal ? size.Create(model, SlotsFor(size)) : new KeyValueCache(model.Backend, layers: 0, size.Capacity, width: 0, slots: 0);
        _slots = new SlotTable(_cache);
        _pass = new EnginePass(model, _cache, _slots);
        _embedder = new TextEmbedder(model, tokenizer, normalize: true);
        _thread = new Thread(Run) { IsBackground = true, Name = "coppice engine" };
        _thread.Start();
    }

    /// <summary>The model's sizes.</summary>
    public ModelConfiguration Configuration => _model.Configuration;

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer => _tokenizer;

    /// <summary>The most tokens of a prompt and its continuation together.</summary>
    public int ContextTokens => _cache.Capacity;

    /// <summary>The most texts that are continued at a time; 0 for an encoder.</summary>
    public int MaxSequences => _cache.Slots;

    /// <summary>What it has done and is doing.</summary>
    public EngineMetrics Metrics { get; }

    /// <summary>Opens a model and starts an engine that disposes of it with itself.</summary>
    /// <param name="path">A model directory or a GGUF file.</param>
    /// <param name="options">What the engine may take; null for the defaults.</param>
    /// <param name="threads">Threads to compute with; 0 for one per processor.</param>
    /// <param name="metrics">Where it counts; null for an object of its own.</param>
    /// <param name="quantization">In what the model's matrices are held.</param>
    /// <param name="variants">Opens what makes the model several, which is disposed of with the engine; null for the model alone.</param>
    /// <exception cref="CoppiceException">The model can't be opened, or the memory is too little for one text.</exception>
    public static InferenceEngine Load(string path, EngineOptions? options = null, int threads = 0, EngineMetrics? metrics = null, Quantization quantization = Quantization.None,
        Func<LanguageModel, IModelVariants>? variants = null)
    {
        var owned = new Stack<IDisposable>();
        try
        {
            var backend = Backends.Create(threads);
            owned.Push(backend);
            var opened = InferenceModel.Load(path, backend, quantization);
            owned.Push(opened);
            var several = variants?.Invoke(opened.Model);
            if (several is not null) owned.Push(several);
            var engine = new InferenceEngine(opened.Model, opened.Tokenizer, options, metrics, several);
            engine._owned.AddRange(owned);
            return engine;
        }
        catch
        {
            foreach (var thing in owned) thing.Dispose();
            throw;
        }
    }

    /// <summary>The tokens of a prompt, begin-of-text included, as <see cref="TextGenerator"/> has them.</summary>
    /// <param name="prompt">The text; special tokens written in it are plain text.</param>
    public int[] Tokenize(string prompt) => TextBoundaries.Begin(_tokenizer, prompt);

    /// <summary>The tokens of a whole text, with those that begin and end a document in training: what <see cref="EmbedAsync(int[], string?, CancellationToken)"/> takes.</summary>
    /// <param name="text">The text; special tokens written in it are plain text.</param>
    public int[] TokenizeWhole(string text) => _boundaries.Whole(text);

    /// <summary>Asks for the continuation of a text by the model alone; see <see cref="Generate(int[], GenerationOptions, string?, CancellationToken)"/>.</summary>
    /// <inheritdoc cref="Generate(int[], GenerationOptions, string?, CancellationToken)"/>
    public GenerationStream Generate(int[] prompt, GenerationOptions options, CancellationToken cancellationToken = default) => Generate(prompt, options, variant: null, cancellationToken);

    /// <summary>Asks for the continuation of a text.</summary>
    /// <param name="prompt">The prompt's tokens, at least one.</param>
    /// <param name="options">How it is continued.</param>
    /// <param name="variant">The variant of the model that continues it; null for the model alone.</param>
    /// <param name="cancellationToken">Ends it between two tokens; its place goes to the next.</param>
    /// <returns>The text, as it comes.</returns>
    /// <exception cref="CoppiceException">An option or a token is outside its range, the prompt too long, the constraint wrong or not supported, the variant unknown, or the model an encoder.</exception>
    /// <exception cref="EngineBusyException">Too many requests wait already.</exception>
    /// <exception cref="EngineClosedException">The engine is being closed.</exception>
    public GenerationStream Generate(int[] prompt, GenerationOptions options, string? variant, CancellationToken cancellationToken = default)
    {
        _model.RequireCausal("continue a text");
        options.Check(_tokenizer.VocabularySize);
        CheckTokens(prompt, ContextTokens);
        CheckVariant(variant);
        var text = new GenerationStream(prompt, variant, new Continuation(_boundaries, _tokenizer, prompt, options, _constraints.Begin(options)), cancellationToken);
        Enqueue(text);
        return text;
    }

    /// <summary>Asks for the embedding of a text by the model alone; see <see cref="EmbedAsync(int[], string?, CancellationToken)"/>.</summary>
    /// <inheritdoc cref="EmbedAsync(int[], string?, CancellationToken)"/>
    public Task<float[]> EmbedAsync(int[] tokens, CancellationToken cancellationToken = default) => EmbedAsync(tokens, variant: null, cancellationToken);

    /// <summary>Asks for the embedding of a text, as <see cref="TextEmbedder"/> makes it, brought to length 1.</summary>
    /// <param name="tokens">The text's tokens, at least one, and at most as many as the options allow: what is longer than the model's context is read in windows.</param>
    /// <param name="variant">The variant of the model that embeds it; null for the model alone.</param>
    /// <param name="cancellationToken">Ends it while it waits.</param>
    /// <returns>[hidden size].</returns>
    /// <exception cref="CoppiceException">A token is outside the vocabulary, the text too long, or the variant unknown.</exception>
    /// <exception cref="EngineBusyException">Too many requests wait already.</exception>
    /// <exception cref="EngineClosedException">The engine is being closed.</exception>
    public Task<float[]> EmbedAsync(int[] tokens, string? variant, CancellationToken cancellationToken = default)
    {
        CheckTokens(tokens, _options.ContextTokens);
        CheckVariant(variant);
        var request = new EmbeddingRequest(tokens, variant, cancellationToken);
        Enqueue(request);
        return request.Completion;
    }

    /// <summary>Takes no more requests and ends when those that it has are done.</summary>
    public Task CloseAsync()
    {
        _queue.Close();
        return _ended.Task;
    }

    /// <summary>Ends at once: what is not done is cancelled.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _stopping.Cancel();
        _queue.Close();
        _thread.Join();
        _embedder.Dispose();
        _pass.Dispose();
        _cache.Dispose();
        foreach (var thing in _owned) thing.Dispose();
        _stopping.Dispose();
    }

    private int SlotsFor(CacheSize size)
    {
        var bytes = size.BytesPerSlot(_model.Configuration);
        var slots = Math.Min(_options.CacheBytes / bytes, Math.Min(_options.MaxSequences, int.MaxValue / (size.Capacity + size.RowsAhead)));
        if (slots < 1)
            throw CoppiceException.Usage(FormattableString.Invariant($"keys and values of a text of {size.Capacity} tokens take {bytes >> 20} MiB and may take {_options.CacheBytes >> 20}: allow more, or shorter texts"));
        return (int)slots;
    }

    private void CheckTokens(int[] tokens, int most)
    {
        if (tokens.Length == 0) throw CoppiceException.Usage("a text needs at least one token");
        if (tokens.Length > most) throw CoppiceException.Usage($"the text has {tokens.Length} tokens, and at most {most} are taken: shorten it");
        foreach (var token in tokens)
        {
            if (token < 0 || token >= _tokenizer.VocabularySize) throw CoppiceException.Usage($"there is no token {token}: the vocabulary has tokens from 0 to {_tokenizer.VocabularySize - 1}");
        }
    }

    private void CheckVariant(string? variant)
    {
        if (variant is not null && _variants?.Names.Contains(variant) != true)
            throw CoppiceException.Usage($"the model has no variant '{variant}'{NearestName.Hint(variant, _variants?.Names ?? [])}");
    }

    private void Enqueue(IEngineRequest request)
    {
        try
        {
            Metrics.AddWaiting(1);
            _queue.Add(request);
        }
        catch (Exception error)
        {
            Metrics.AddWaiting(-1);
            if (error is EngineBusyException) Metrics.Reject();
            throw;
        }
    }

    private void Run()
    {
        while (_running.Count > 0 || _queue.Wait())
        {
            DropCancelled();
            if (_stopping.IsCancellationRequested) continue;
            try
            {
                var variant = PlanPass();
                if (_pass.Texts.Count == 0) continue;
                _variants?.Use(variant);
                Metrics.CountPass(_pass.Compute(Drawn));
            }
            catch (Exception error)
            {
                // Whatever it was, it is told to those who wait for it, and the others go on.
                foreach (var text in _running.ToList()) Leave(text, error);
            }
        }

        _ended.TrySetResult();
    }

    private void DropCancelled()
    {
        var stopping = _stopping.IsCancellationRequested;
        foreach (var request in stopping ? _queue.TakeAll() : _queue.TakeCancelled())
        {
            Metrics.AddWaiting(-1);
            Metrics.End(RequestEnd.Cancelled);
            request.Fail(Cancelled(request));
        }

        foreach (var text in _running.Where(text => stopping || ((IEngineRequest)text).Cancellation.IsCancellationRequested).ToList()) Leave(text, Cancelled(text));

        OperationCanceledException Cancelled(IEngineRequest request) => new(request.Cancellation.IsCancellationRequested ? request.Cancellation : _stopping.Token);
    }

    /// <summary>
    /// A token of every text that is being written; then prompts, the oldest first, as far as the pass has room. All of one variant of the model: that of the text that has
    /// waited longest, so that each variant has its turn.
    /// </summary>
    /// <returns>The variant of the pass.</returns>
    private string? PlanPass()
    {
        var room = _options.PromptTokensPerPass;
        var first = _running.MinBy(text => text.LastPass);
        foreach (var text in _running)
        {
            if (IsInPass(text) && _cache.LengthOf(text.Slot) >= text.PromptTokens) _pass.Add(text, 1);
        }

        foreach (var text in _running)
        {
            if (room > 0 && IsInPass(text) && _cache.LengthOf(text.Slot) < text.PromptTokens) room -= _pass.Add(text, room);
        }

        while (room > 0 && _queue.Take(_slots.AnyFree) is { } request)
        {
            Metrics.AddWaiting(-1);
            if (request is GenerationStream text)
            {
                (text.Slot, text.SharedPromptTokens) = _slots.Take(text.Prompt, text.Variant);
                text.LastPass = _passes;
                _running.Add(text);
                Metrics.Begin(text.PromptTokens, text.SharedPromptTokens);
                first ??= text;
                if (IsInPass(text)) room -= _pass.Add(text, room);
            }
            else
            {
                Embed((EmbeddingRequest)request);
                // One between two passes: those who wait for tokens are not held up by a heap of texts.
                break;
            }
        }

        _passes++;
        foreach (var text in _pass.Texts) text.LastPass = _passes;
        return first?.Variant;

        bool IsInPass(GenerationStream text) => text.Variant == first?.Variant;
    }

    private void Embed(EmbeddingRequest request)
    {
        try
        {
            _variants?.Use(request.Variant);
            request.Complete(_embedder.EmbedTokens([request.Tokens])[0]);
            Metrics.End(RequestEnd.Stop);
        }
        catch (Exception error)
        {
            Metrics.End(RequestEnd.Failed);
            request.Fail(error);
        }
    }

    private void Drawn(GenerationStream text, Exception? error)
    {
        if (!text.HasBegun) Metrics.TimeToFirstToken.Add(text.Age.TotalSeconds);
        text.HasBegun = true;
        // The token that was just drawn has to be read before the next one can be.
        if (error is null && text.Result is null && _cache.LengthOf(text.Slot) == _cache.Capacity) text.EndForLength();
        if (error is not null || text.Result is not null) Leave(text, error);
    }

    private void Leave(GenerationStream text, Exception? error)
    {
        _running.Remove(text);
        _slots.Release(text.Slot);
        Metrics.LeaveRunning();
        if (error is null)
        {
            Metrics.End(text.Result!.FinishReason == FinishReason.Stop ? RequestEnd.Stop : RequestEnd.Length);
            text.Complete();
            return;
        }

        Metrics.End(error is OperationCanceledException ? RequestEnd.Cancelled : RequestEnd.Failed);
        ((IEngineRequest)text).Fail(error);
    }
}
