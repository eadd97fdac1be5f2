using System.Runtime.CompilerServices;
using System.Text;
using Coppice.Foundation;
using Coppice.Inference;
using Microsoft.Extensions.AI;

namespace Coppice.Extensions.AI;

/// <summary>
/// A model of a directory as an <see cref="IChatClient"/>: conversations are written as its chat template says, and many of them are continued at once.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <para>What <c>generation_config.json</c> says counts where <see cref="ChatOptions"/> say nothing; without a seed, each answer has one of its own. JSON as the form of
/// the answer, with a schema or without, is kept to in every token (a schema's text is not shown to the model: say in a message what is wanted). A
/// <see cref="ChatOptions.RawRepresentationFactory"/> that gives <see cref="GenerationOptions"/> says what <see cref="ChatOptions"/> have no words for.</para>
/// <para>What is not supported (tools, other contents than text, conversations kept by the service) is a <see cref="NotSupportedException"/>, never ignored; a value
/// that is out of its range, and a schema that is not supported, is a <see cref="CoppiceException"/>.</para>
/// </remarks>
public sealed class CoppiceChatClient : IChatClient
{
    private readonly InferenceEngine _engine;
    private readonly IChatTemplate _template;
    private readonly GenerationOptions _defaults;
    private readonly bool _ownsEngine;
    private readonly ChatClientMetadata _metadata;

    /// <summary>A client of an engine.</summary>
    /// <param name="engine">Generates; it is not disposed of with the client.</param>
    /// <param name="template">How conversations are written.</param>
    /// <param name="defaults">How texts are continued where a request doesn't say.</param>
    /// <param name="modelId">The model's name.</param>
    /// <exception cref="CoppiceException">The model is an encoder, which answers nothing.</exception>
    public CoppiceChatClient(InferenceEngine engine, IChatTemplate template, GenerationOptions defaults, string modelId)
        : this(engine, template, defaults, modelId, ownsEngine: false)
    {
    }

    private CoppiceChatClient(InferenceEngine engine, IChatTemplate template, GenerationOptions defaults, string modelId, bool ownsEngine)
    {
        if (!engine.Configuration.IsCausal) throw CoppiceException.Usage($"a {engine.Configuration.ModelType} model is an encoder: it can't answer, but its embeddings can be had");
        (_engine, _template, _defaults, _ownsEngine) = (engine, template, defaults, ownsEngine);
        _metadata = new ChatClientMetadata("coppice", defaultModelId: modelId);
    }

    /// <summary>Loads a model directory. The client disposes of what it loads.</summary>
    /// <param name="directory">The model directory.</param>
    /// <param name="options">What the engine may take; null for the defaults.</param>
    /// <param name="threads">Threads to compute with; 0 for one per processor.</param>
    /// <exception cref="CoppiceException">It can't be loaded.</exception>
    public static CoppiceChatClient Load(string directory, EngineOptions? options = null, int threads = 0)
    {
        var defaults = GenerationDefaults.Load(directory).Apply(new GenerationOptions());
        var engine = InferenceEngine.Load(directory, options, threads);
        try
        {
            var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)));
            return new CoppiceChatClient(engine, ModelChat.TemplateOf(directory, engine.Tokenizer), defaults, name, ownsEngine: true);
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var stream = Start(messages, options, cancellationToken);
        var result = await stream.Completion.ConfigureAwait(false);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, result.Text.TrimStart()) { MessageId = Identifier() })
        {
            ResponseId = Identifier(),
            ModelId = _metadata.DefaultModelId,
            CreatedAt = DateTimeOffset.UtcNow,
            FinishReason = Reason(result),
            Usage = Usage(result),
            RawRepresentation = result,
        };
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // Whoever stops reading early stops the model too.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var stream = Start(messages, options, reading.Token);
            var (response, message) = (Identifier(), Identifier());
            // White space between the speaker's name and what is said is no part of it.
            var hasBegun = false;
            await foreach (var piece in stream.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                var text = hasBegun ? piece.Text : piece.Text.TrimStart();
                if (text.Length == 0) continue;
                hasBegun = true;
                yield return Update(new TextContent(text));
            }

            var result = await stream.Completion.ConfigureAwait(false);
            var last = Update(new UsageContent(Usage(result)));
            (last.FinishReason, last.RawRepresentation) = (Reason(result), result);
            yield return last;

            ChatResponseUpdate Update(AIContent content) => new(ChatRole.Assistant, [content])
            {
                ResponseId = response,
                MessageId = message,
                ModelId = _metadata.DefaultModelId,
                CreatedAt = DateTimeOffset.UtcNow,
            };
        }
        finally
        {
            await reading.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return _metadata;
        if (serviceType == typeof(InferenceEngine)) return _engine;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsEngine) _engine.Dispose();
    }

    private GenerationStream Start(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(messages);
        cancellation.ThrowIfCancellationRequested();
        var turns = messages.Select(Turn).ToList();
        if (options?.Instructions is { Length: > 0 } instructions) turns.Insert(0, new Tokenizers.ChatTemplates.ChatMessage("system", instructions));
        if (turns.Count == 0) throw new ArgumentException("A conversation has at least one message.", nameof(messages));
        return _engine.Generate(_template.Encode(turns), Options(options), cancellation);
    }

    private static Tokenizers.ChatTemplates.ChatMessage Turn(ChatMessage message)
    {
        var role = message.Role == ChatRole.System ? "system" : message.Role == ChatRole.User ? "user" : message.Role == ChatRole.Assistant ? "assistant"
            : throw new NotSupportedException($"The role '{message.Role}' is not supported; system, user and assistant are.");
        var content = new StringBuilder();
        foreach (var part in message.Contents)
        {
            // What earlier answers took is no part of what they say.
            if (part is UsageContent) continue;
            content.Append(part is TextContent text ? text.Text : throw new NotSupportedException($"Contents of the type {part.GetType().Name} are not supported; texts are."));
        }

        return new Tokenizers.ChatTemplates.ChatMessage(role, content.ToString());
    }

    private GenerationOptions Options(ChatOptions? options)
    {
        if (options is null) return InTemplate(_defaults with { Seed = NewSeed() });
        if (options.Tools is { Count: > 0 } || options.ToolMode is RequiredChatToolMode) throw new NotSupportedException("Tools are not supported.");
        if (options.ConversationId is not null) throw new NotSupportedException("Conversations are not kept here: send all messages.");
        if (options.ModelId is { } model && model != _metadata.DefaultModelId) throw new NotSupportedException($"The model '{model}' is not loaded; '{_metadata.DefaultModelId}' is.");
        var given = options.RawRepresentationFactory?.Invoke(this) switch
        {
            null => _defaults with { Seed = NewSeed() },
            GenerationOptions raw => raw,
            var other => throw new NotSupportedException($"Raw options of the type {other.GetType().Name} are not supported; {nameof(GenerationOptions)} are."),
        };
        return InTemplate(given with
        {
            MaxTokens = options.MaxOutputTokens ?? given.MaxTokens,
            Temperature = options.Temperature ?? given.Temperature,
            TopP = options.TopP ?? given.TopP,
            TopK = options.TopK ?? given.TopK,
            FrequencyPenalty = options.FrequencyPenalty ?? given.FrequencyPenalty,
            PresencePenalty = options.PresencePenalty ?? given.PresencePenalty,
            Seed = options.Seed is { } seed ? (ulong)seed : given.Seed,
            StopStrings = [.. given.StopStrings, .. options.StopSequences ?? []],
            Constraint = options.ResponseFormat switch
            {
                null or ChatResponseFormatText => given.Constraint,
                ChatResponseFormatJson { Schema: { } schema } => TextConstraint.JsonSchema(schema.GetRawText()),
                ChatResponseFormatJson => TextConstraint.JsonObject,
                var other => throw new NotSupportedException($"Answers of the form {other.GetType().Name} are not supported; text and JSON are."),
            },
        });
    }

    /// <summary>Options with what ends a turn in the template.</summary>
    private GenerationOptions InTemplate(GenerationOptions options) =>
        options with { EndTokens = [.. options.EndTokens.Union(_template.EndTokens)], StopStrings = [.. options.StopStrings, .. _template.StopStrings] };

    private static ulong NewSeed() => (ulong)Random.Shared.NextInt64();

    private static string Identifier() => Guid.NewGuid().ToString("N");

    private static ChatFinishReason Reason(GenerationResult result) => result.FinishReason == FinishReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;

    private static UsageDetails Usage(GenerationResult result) =>
        new() { InputTokenCount = result.PromptTokens, OutputTokenCount = result.Tokens.Count, TotalTokenCount = result.PromptTokens + result.Tokens.Count };
}
