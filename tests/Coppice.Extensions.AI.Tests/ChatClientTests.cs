using System.Text.Json;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;
using Microsoft.Extensions.AI;

namespace Coppice.Extensions.AI.Tests;

public sealed class ChatClientTests : IDisposable
{
    private const string Template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant]";

    private readonly TemporaryFolder _folder = new();
    private readonly CoppiceChatClient _client;

    public ChatClientTests()
    {
        var tokenizer = CharacterTrainer.Train([new string([.. Enumerable.Range(' ', 95).Select(code => (char)code), '\n'])]);
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(TinyModels.Configuration("llama", tokenizer.VocabularySize, 512) with { EndOfText = null }, backend);
        ModelDirectory.Save(Model, model);
        tokenizer.Save(Path.Combine(Model, Tokenizer.FileName));
        _folder.Write("tiny/chat_template.jinja", Template);
        _client = CoppiceChatClient.Load(Model, threads: 1);
    }

    private string Model => _folder.At("tiny");

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_answer_is_what_the_model_writes_after_its_template()
    {
        var options = new ChatOptions { MaxOutputTokens = 20, Seed = 3, Temperature = 0.9f, TopP = 0.8f, TopK = 30, FrequencyPenalty = 0.5f, PresencePenalty = 0.25f, Instructions = "Be brief." };
        var response = await _client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi.")], options);
        const string Prompt = "[system] Be brief.\n[user] Hi.\n[assistant]";
        var expected = Expected(Prompt, new GenerationOptions { MaxTokens = 20, Seed = 3, Temperature = 0.9f, TopP = 0.8f, TopK = 30, FrequencyPenalty = 0.5, PresencePenalty = 0.25 });
        Assert.Equal(expected.Text.TrimStart(), response.Text);
        Assert.Equal((ChatFinishReason.Length, "tiny"), (response.FinishReason, response.ModelId));
        Assert.Equal(Prompt.Length, response.Usage!.InputTokenCount);
        Assert.Equal(20, response.Usage.OutputTokenCount);
        Assert.Equal(Prompt.Length + 20, response.Usage.TotalTokenCount);
        var message = Assert.Single(response.Messages);
        Assert.Equal(ChatRole.Assistant, message.Role);
        Assert.NotNull(message.MessageId);
        Assert.Equal(expected.Tokens, Assert.IsType<GenerationResult>(response.RawRepresentation).Tokens);
        Assert.NotEqual(response.ResponseId, (await _client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi.")], options)).ResponseId);
    }

    [Fact]
    public async Task An_answer_is_JSON_where_that_is_asked_for()
    {
        var schema = JsonDocument.Parse("""{"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}, "age": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["name", "age"]}""").RootElement;
        var options = new ChatOptions { MaxOutputTokens = 200, Seed = 1, ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) };
        using var person = JsonDocument.Parse((await _client.GetResponseAsync([new ChatMessage(ChatRole.User, "Who?")], options)).Text);
        Assert.InRange(person.RootElement.GetProperty("age").GetInt32(), 1, 9);
        Assert.InRange(person.RootElement.GetProperty("name").GetString()!.Length, 0, 5);
        var some = await _client.GetResponseAsync([new ChatMessage(ChatRole.User, "Who?")], new ChatOptions { MaxOutputTokens = 10, Seed = 1, ResponseFormat = ChatResponseFormat.Json });
        Assert.StartsWith("{", some.Text, StringComparison.Ordinal);
        var wrong = new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonDocument.Parse("""{"type": "txet"}""").RootElement) };
        Assert.Contains("txet", (await Assert.ThrowsAsync<CoppiceException>(() => _client.GetResponseAsync([new ChatMessage(ChatRole.User, "Who?")], wrong))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Raw_options_say_what_the_interface_has_no_words_for()
    {
        var raw = new GenerationOptions { MaxTokens = 12, Seed = 4, MinP = 0.2, Constraint = TextConstraint.Regex("[ab]{12}") };
        var response = await _client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi.")], new ChatOptions { RawRepresentationFactory = _ => raw });
        Assert.Matches("^[ab]{12}$", response.Text);
        Assert.Equal(Expected("[user] Hi.\n[assistant]", raw).Text, response.Text);
    }

    [Fact]
    public async Task A_stream_is_the_same_answer_in_pieces()
    {
        var options = new ChatOptions { MaxOutputTokens = 30, Seed = 5 };
        var whole = await _client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi.")], options);
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in _client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Hi.")], options)) updates.Add(update);
        Assert.True(updates.Count > 20);
        var response = updates.ToChatResponse();
        Assert.Equal((whole.Text, whole.FinishReason, whole.Usage!.TotalTokenCount), (response.Text, response.FinishReason, response.Usage!.TotalTokenCount));
        Assert.Single(response.Messages);
        Assert.Single(updates, update => update.FinishReason is not null);
    }

    [Fact]
    public async Task Stop_sequences_end_an_answer()
    {
        var whole = await _client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi.")], new ChatOptions { MaxOutputTokens = 40, Seed = 5 });
        var stop = whole.Text[10].ToString();
        var stopped = await _client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi.")], new ChatOptions { MaxOutputTokens = 40, Seed = 5, StopSequences = [stop] });
        Assert.Equal((whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], ChatFinishReason.Stop), (stopped.Text, stopped.FinishReason));
    }

    [Fact]
    public async Task Many_threads_get_the_answers_that_each_would_get_alone()
    {
        var alone = new List<string>();
        for (var i = 0; i < 12; i++) alone.Add((await Ask(i)).Text);
        var together = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => Ask(i))));
        // Other texts in a pass change the last bits of the logits: a token can differ where two are that close.
        Assert.True(alone.Zip(together, (a, b) => a == b.Text).Count(same => same) >= 10);

        Task<ChatResponse> Ask(int i) => _client.GetResponseAsync([new ChatMessage(ChatRole.User, $"Number {i}")], new ChatOptions { MaxOutputTokens = 20, Seed = i });
    }

    [Fact]
    public async Task A_request_is_cancelled_between_two_tokens_and_by_whoever_stops_reading()
    {
        using var cancellation = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in _client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Hi.")], new ChatOptions { MaxOutputTokens = 400 }, cancellation.Token)) cancellation.Cancel();
        });
        await foreach (var _ in _client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Hi.")], new ChatOptions { MaxOutputTokens = 400 })) break;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi.")], cancellationToken: cancellation.Token));
        var engine = (InferenceEngine)_client.GetService(typeof(InferenceEngine))!;
        await engine.CloseAsync().WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task What_is_not_supported_is_refused_and_not_ignored()
    {
        await Refused(new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "one")] });
        await Refused(new ChatOptions { ToolMode = ChatToolMode.RequireAny });
        await Refused(new ChatOptions { RawRepresentationFactory = _ => "raw" });
        await Refused(new ChatOptions { ConversationId = "x" });
        await Refused(new ChatOptions { ModelId = "other" });
        await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync([new ChatMessage(ChatRole.Tool, "x")]));
        await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync([new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])]));
        await Assert.ThrowsAsync<ArgumentException>(() => _client.GetResponseAsync([]));
        await Assert.ThrowsAsync<CoppiceException>(() => _client.GetResponseAsync([new ChatMessage(ChatRole.User, "x")], new ChatOptions { TopP = 2 }));
        Assert.NotEmpty((await _client.GetResponseAsync([new ChatMessage(ChatRole.User, "x")], new ChatOptions { ResponseFormat = ChatResponseFormat.Text, ModelId = "tiny", MaxOutputTokens = 9 })).Text);

        Task Refused(ChatOptions options) => Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync([new ChatMessage(ChatRole.User, "x")], options));
    }

    [Fact]
    public void Services_are_found_by_their_type()
    {
        Assert.Same(_client, _client.GetService(typeof(IChatClient)));
        Assert.Equal(("coppice", "tiny"), _client.GetService(typeof(ChatClientMetadata)) is ChatClientMetadata metadata ? (metadata.ProviderName, metadata.DefaultModelId) : default);
        Assert.Null(_client.GetService(typeof(string)));
        Assert.Null(_client.GetService(typeof(IChatClient), "key"));
    }

    [Fact]
    public async Task Embeddings_have_length_one_and_their_order()
    {
        using var generator = CoppiceEmbeddingGenerator.Load(Model, threads: 1);
        var embeddings = await generator.GenerateAsync(["one text", "another", "one text"]);
        Assert.Equal(3, embeddings.Count);
        Assert.Equal(8 + 7 + 8, embeddings.Usage!.InputTokenCount);
        Assert.All(embeddings, embedding => Assert.Equal(1, Math.Sqrt(embedding.Vector.ToArray().Sum(value => (double)value * value)), 1e-5));
        Assert.Equal(embeddings[0].Vector.ToArray(), embeddings[2].Vector.ToArray());
        Assert.NotEqual(embeddings[0].Vector.ToArray(), embeddings[1].Vector.ToArray());
        Assert.Equal(12, ((EmbeddingGeneratorMetadata)generator.GetService(typeof(EmbeddingGeneratorMetadata))!).DefaultModelDimensions);
        await Assert.ThrowsAsync<NotSupportedException>(() => generator.GenerateAsync(["x"], new EmbeddingGenerationOptions { Dimensions = 5 }));
        Assert.Empty(await generator.GenerateAsync([]));
        // More than wait at a time.
        Assert.Equal(300, (await generator.GenerateAsync(Enumerable.Range(0, 300).Select(i => $"text {i}"))).Count);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(["x"], cancellationToken: cancelled.Token));
    }

    [Fact]
    public void An_encoder_gives_embeddings_and_no_answers()
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create("bert", backend, vocabulary: 100);
        using var engine = new InferenceEngine(model, Tokenizer.Load(Model));
        Assert.Contains("encoder", Assert.Throws<CoppiceException>(() => new CoppiceChatClient(engine, ModelChat.TemplateOf(Model, engine.Tokenizer), new GenerationOptions(), "bert")).Message, StringComparison.Ordinal);
        using var generator = new CoppiceEmbeddingGenerator(engine, "bert");
        Assert.Equal(12, ((EmbeddingGeneratorMetadata)generator.GetService(typeof(EmbeddingGeneratorMetadata))!).DefaultModelDimensions);
    }

    private GenerationResult Expected(string prompt, GenerationOptions options)
    {
        using var backend = Backends.Create(1);
        using var model = ModelDirectory.Load(Model, backend);
        using var generator = new TextGenerator(model, Tokenizer.Load(Model));
        return generator.Generate(prompt, options);
    }
}
