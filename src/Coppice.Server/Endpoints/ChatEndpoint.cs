using System.Text;
using System.Text.Json;
using Coppice.Inference;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Server;

/// <summary><c>POST /v1/chat/completions</c>: the next turn of a conversation.</summary>
internal static class ChatEndpoint
{
    private const int MostMessages = 4096;

    private static readonly string[] Roles = ["system", "user", "assistant"];

    /// <summary>Answers a request.</summary>
    /// <param name="request">The request.</param>
    public static async Task AnswerAsync(ApiRequest request)
    {
        var (parameters, version) = (request.Parameters, request.Model.Version);
        var prompt = version.ChatTemplate.Encode(Messages(parameters));
        var most = request.Options.MaxTokens;
        var maxTokens = (int)(parameters.Whole("max_completion_tokens", 1, most) ?? parameters.Whole("max_tokens", 1, most) ?? Math.Min(most, version.Defaults.MaxTokens));
        // Asked for in any case, so that the name is known where the other one is given.
        _ = parameters.Find("max_tokens");
        var top = (int?)parameters.Whole("top_logprobs", 0, GenerationOptions.MostLogProbabilities);
        var wanted = parameters.Flag("logprobs");
        if (top is not null && !wanted) throw ApiException.BadParameter("top_logprobs", "is for requests with logprobs: true");
        var generation = GenerationParameters.Read(parameters, ChatDefaults(version), maxTokens, wanted ? top ?? 0 : null, version.ChatTemplate.StopStrings);
        parameters.Refuse("tools", value => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0);
        parameters.Refuse("tool_choice", value => value.ValueKind == JsonValueKind.String && (value.ValueEquals("none") || value.ValueEquals("auto")));
        parameters.RefuseOthers();
        var format = new ChatFormat(request.ModelName, version.Engine.Tokenizer, generation.Choices);
        await Generation.AnswerAsync(request.Context, version.Engine, request.Adapter, [prompt], generation, format, request.Cancellation).ConfigureAwait(false);
    }

    private static GenerationOptions ChatDefaults(ModelVersion version) =>
        version.Defaults with { EndTokens = [.. version.Defaults.EndTokens.Union(version.ChatTemplate.EndTokens)] };

    private static List<ChatMessage> Messages(JsonParameters parameters)
    {
        const string Name = "messages";
        if (parameters.Find(Name) is not { ValueKind: JsonValueKind.Array } value || value.GetArrayLength() is 0 or > MostMessages)
            throw ApiException.BadParameter(Name, $"a list of 1 to {MostMessages} messages is expected");
        return [.. value.EnumerateArray().Select(message => new ChatMessage(Role(message), Content(message)))];

        static string Role(JsonElement message)
        {
            if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out var role)) throw ApiException.BadParameter(Name, "a message has a role and a content");
            var name = JsonParameters.Text(Name, role);
            // The newer name of the same role.
            if (name == "developer") name = "system";
            return Roles.Contains(name) ? name : throw ApiException.BadParameter(Name, $"a role is {string.Join(", ", Roles)}, not {name}");
        }

        static string Content(JsonElement message)
        {
            if (!message.TryGetProperty("content", out var content)) throw ApiException.BadParameter(Name, "a message has a role and a content");
            if (content.ValueKind != JsonValueKind.Array) return JsonParameters.Text(Name, content);
            var text = new StringBuilder();
            foreach (var part in content.EnumerateArray())
            {
                if (part.ValueKind != JsonValueKind.Object || !part.TryGetProperty("type", out var type) || JsonParameters.Text(Name, type) != "text" || !part.TryGetProperty("text", out var piece))
                    throw ApiException.BadParameter(Name, "only parts of the type text are read");
                text.Append(JsonParameters.Text(Name, piece));
            }

            return text.ToString();
        }
    }
}
