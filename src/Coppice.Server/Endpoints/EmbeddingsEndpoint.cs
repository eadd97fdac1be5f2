using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http;

namespace Coppice.Server;

/// <summary><c>POST /v1/embeddings</c>: texts as vectors, the mean of the hidden states. The one address at which an encoder answers.</summary>
internal static class EmbeddingsEndpoint
{
    private const int MostTexts = 64;

    /// <summary>Answers a request.</summary>
    /// <param name="request">The request.</param>
    public static async Task AnswerAsync(ApiRequest request)
    {
        var (parameters, engine) = (request.Parameters, request.Model.Version.Engine);
        var width = engine.Configuration.HiddenSize;
        if (parameters.Find("input") is not { } input) throw ApiException.BadParameter("input", "is missing");
        var texts = TokenInputs.Read("input", input, MostTexts, engine.TokenizeWhole).ToList();
        var format = parameters.Text("encoding_format") ?? "float";
        if (format is not ("float" or "base64")) throw ApiException.BadParameter("encoding_format", $"float or base64 is expected, not {format}");
        if (parameters.Whole("dimensions", 1, int.MaxValue) is { } dimensions && dimensions != width) throw ApiException.BadParameter("dimensions", $"the model's embeddings have {width}");
        parameters.RefuseOthers();
        using var together = CancellationTokenSource.CreateLinkedTokenSource(request.Cancellation);
        try
        {
            var vectors = await Task.WhenAll(texts.Select(text => engine.EmbedAsync(text, request.Adapter, together.Token)).ToList()).ConfigureAwait(false);
            var tokens = texts.Sum(text => text.Length);
            await request.Context.Response.WriteAsJsonAsync(
                new
                {
                    @object = "list",
                    data = vectors.Select((vector, index) => new { @object = "embedding", index, embedding = format == "float" ? (object)vector : Convert.ToBase64String(MemoryMarshal.AsBytes<float>(vector)) }).ToArray(),
                    model = request.ModelName,
                    usage = new { prompt_tokens = tokens, total_tokens = tokens },
                },
                ApiJson.Options,
                request.Cancellation).ConfigureAwait(false);
        }
        finally
        {
            await together.CancelAsync().ConfigureAwait(false);
        }
    }
}
