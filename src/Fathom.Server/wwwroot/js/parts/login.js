import { html, useState } from "../html.js";
import { t } from "../i18n.js";
import { Mark } from "./icons.js";

export function Login({ chat }) {
    const [error, setError] = useState("");
    const send = async event => {
        event.preventDefault();
        try {
            await chat.login(new FormData(event.target).get("key"));
        } catch (failure) {
            setError(failure.message || t("serverAway"));
        }
    };
    return html`
        <main class="login">
            <form onSubmit=${send}>
                <${Mark} />
                <h1>Fathom</h1>
                <p>${t("needsKey")}</p>
                <label>${t("apiKey")}<input name="key" type="password" autocomplete="current-password" required autofocus aria-invalid=${error ? "true" : undefined} aria-describedby="login-error" /></label>
                <p id="login-error" class="failed" role="alert">${error}</p>
                <button type="submit" class="primary wide">${t("signIn")}</button>
            </form>
        </main>`;
}
