import type { Login } from './connection.ts';
import { element, setText } from './elements.ts';

/** The dialog that turns a guest into the operator; the password stays in this page's memory only. */
export function wireLogin(options: { logIn(login: Login): void; logOut(): void }): {
  refused(): void;
  done(isOperator: boolean): void;
} {
  const dialog = element('login-dialog', HTMLDialogElement);
  const button = element('login', HTMLButtonElement);
  const password = element('password', HTMLInputElement);
  const problem = element('login-problem', HTMLElement);
  let isOperator = false;

  button.addEventListener('click', () => {
    if (isOperator) options.logOut();
    else dialog.showModal();
  });
  element('login-cancel', HTMLButtonElement).addEventListener('click', () => dialog.close());
  element('login-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    setText(problem, '');
    options.logIn({ username: element('username', HTMLInputElement).value, password: password.value.trim() });
  });

  return {
    refused() {
      setText(problem, 'The broker does not know this name and password.');
      password.focus();
    },
    done(operator) {
      isOperator = operator;
      password.value = '';
      setText(button, operator ? 'Log out' : 'Log in as operator');
      dialog.close();
    },
  };
}
