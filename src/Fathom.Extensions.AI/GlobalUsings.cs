// Both sides have messages and options of a chat; the short names are Microsoft.Extensions.AI's, because callers write those.
global using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
global using ChatOptions = Microsoft.Extensions.AI.ChatOptions;
global using FathomChatOptions = Fathom.Inference.ChatOptions;
global using FathomMessage = Fathom.Text.ChatMessage;
